#include <algorithm>
#include <iterator>

#include "protocol/messages/frontend_decode.hpp"
#include "proxy/core/inspection.hpp"
#include "proxy/core/plane.hpp"
#include "proxy/core/pool.hpp"
#include "proxy/core/session.hpp"
#include "proxy/core/standin.hpp"
#include "proxy/core/upstream.hpp"
#include "sql/guc_changes.hpp"

// What a client's messages mean: which statement they run, and what it leaves behind.

namespace pgsidecar::proxy {

using protocol::Frame;
namespace effect = model::session_effect;

namespace {

/// Whether it can end something that a client has on its connection: a DROP, an unlock, a CLOSE.
bool may_end_state(const model::StatementShape& shape) {
    using Kind = model::StatementKind;
    switch (shape.kind) {
        case Kind::Insert:
        case Kind::Update:
        case Kind::Delete:
        case Kind::Merge:
        case Kind::Copy:
        case Kind::Transaction: return false;
        default: return !shape.read_only;
    }
}

/// Whether its client may well ask for lastval() or currval() next.
bool draws(const model::StatementShape& shape) {
    using Kind = model::StatementKind;
    switch (shape.kind) {
        case Kind::Insert:
        case Kind::Merge:
        case Kind::Copy:
        case Kind::Call:
        case Kind::Prepare:
        case Kind::Unknown: return true;
        default: break;
    }
    return !shape.read_only && (shape.text.find("nextval") != std::string::npos ||
                                shape.text.find("setval") != std::string::npos);
}

/// Whether lastval() or currval() may tell something else afterwards.
bool may_draw(const model::StatementShape& shape) {
    using Kind = model::StatementKind;
    switch (shape.kind) {
        case Kind::Transaction:
        case Kind::Set:
        case Kind::Listen: return false;
        default: return !shape.read_only;
    }
}

/// What a known statement returns can be another thing afterwards. CREATE alone changes nothing
/// that is there.
bool changes_tables(const model::StatementShape& shape) {
    std::string word;
    for (char c : shape.text.substr(0, 6)) word.push_back(static_cast<char>(c | 0x20));
    return word.starts_with("alter") || word.starts_with("drop") ||
           (word == "create" && shape.text.find("REPLACE") != std::string::npos) ||
           (word == "create" && shape.text.find("replace") != std::string::npos);
}

}  // namespace

Expected Session::describe(const Frame& frame, const base::Now& now) {
    Expected expected;
    expected.owner = this;
    expected.start_mono_ns = now.mono_ns;
    expected.start_wall_us = now.wall_us;
    switch (frame.type) {
        case 'Q': {
            std::string_view text = base::as_text(frame.payload);
            text = text.substr(0, text.find('\0'));
            auto shapes = plane_.classify(text);
            if (!shapes.empty()) expected.shape = shapes[0];
            if (shapes.size() > 1) {
                expected.all = std::make_shared<const std::vector<model::StatementShapePtr>>(
                    shapes.begin(), shapes.end());
            }
            auto places = plane_.places();
            for (std::size_t i = 0; i < shapes.size(); ++i) {
                if (!matters(*shapes[i])) continue;
                note_effects(*shapes[i],
                             text.substr(places[i].begin, places[i].end - places[i].begin));
            }
            break;
        }
        case 'P':
        case 'B':
        case 'D':
        case 'C':
        case 'E': look_up(frame, expected); break;
        default: break;
    }
    return expected;
}

void Session::look_up(const Frame& frame, Expected& expected) {
    switch (frame.type) {
        case 'P':
            if (auto parse = protocol::decode_parse(frame.payload)) {
                expected.step.statement = intern(*parse);
                expected.shape = expected.step.statement->shape();
            } else if (auto head = protocol::decode_parse_head(frame.payload)) {
                auto shapes = plane_.classify(head->query);
                if (!shapes.empty()) expected.shape = shapes[0];
                expected.step.statement = plane_.statements().make_unshared(expected.shape);
            }
            break;
        case 'B':
            if (auto bind = protocol::decode_bind_head(frame.payload)) {
                const auto& statement = names_.statement(bind->statement);
                if (statement) expected.shape = statement->shape();
            }
            break;
        case 'D':
        case 'C':
            if (auto target = protocol::decode_target(frame.payload)) {
                const auto& found = target->kind == protocol::TargetKind::Statement
                                        ? names_.statement(target->name)
                                        : names_.portal(target->name);
                if (found) expected.shape = found->shape();
            }
            break;
        case 'E':
            if (auto execute = protocol::decode_execute(frame.payload)) {
                const auto& statement = names_.portal(execute->portal);
                if (!statement) break;
                expected.shape = statement->shape();
                if (expected.shape && matters(*expected.shape))
                    note_effects(*expected.shape, statement->text());
            }
            break;
        default: break;
    }
}

void Session::note_names(const Frame& frame, const Expected& expected) {
    switch (frame.type) {
        case 'P':
            if (auto head = protocol::decode_parse_head(frame.payload))
                name_it(head->name, expected.step.statement);
            break;
        case 'B':
            if (auto bind = protocol::decode_bind_head(frame.payload))
                names_.bind(bind->portal, names_.statement(bind->statement));
            break;
        case 'C':
            if (auto target = protocol::decode_target(frame.payload)) closed(*target);
            break;
        default: break;
    }
}

PreparedStatementPtr Session::intern(const protocol::ParseView& parse) {
    StatementKey key{parse.query, parse.param_types, parse_context(),
                     knows_settings() ? settings_->parse_context : nullptr};
    return plane_.statements().intern(key, names_.statement(parse.name), [&] {
        auto shapes = plane_.classify(parse.query);
        return shapes.empty() ? model::StatementShapePtr() : shapes[0];
    });
}

void Session::name_it(std::string_view name, PreparedStatementPtr statement) {
    // Taken as done when it is sent: should the server refuse it, its own error says so at the use.
    auto step = StatementStep::of(std::move(statement));
    if (names_.parse(name, step, 0)) names_.resolve(step, StepOutcome::Done);
}

void Session::closed(const protocol::TargetView& target) {
    if (target.kind == protocol::TargetKind::Portal) return names_.close_portal(target.name);
    StatementStep step;
    names_.close(target.name, step, 0);
    names_.resolve(step, StepOutcome::Done);
}

void Session::note_effects(const model::StatementShape& shape, std::string_view text) {
    effects_ |= shape.effects & static_cast<std::uint16_t>(~effect::kReadsSequence);
    if ((shape.effects & Inspection::kAsking) != 0 || (pins_ != 0 && may_end_state(shape)))
        inspect_ = true;
    if ((shape.effects & effect::kReadsSequence) != 0 && pool_ != nullptr)
        pool_->reads_sequences = true;
    const bool reads = (shape.effects & effect::kReadsSequence) != 0;
    if (touches_sequences(shape) && (reads || draws(shape))) {
        effects_ |= effect::kSequenceState;
        sequences_touched_ = true;
    }
    if ((shape.effects & effect::kResetsAll) != 0) {
        if (!dirty_settings_ && !resets_all_) settings_doubtful_ = false;
        resets_all_ = restores_all_ = true;
    }
    if (shape.verb == model::TransactionVerb::Rollback ||
        shape.verb == model::TransactionVerb::Savepoint)
        settings_doubtful_ = true;
    if ((shape.effects & effect::kChangesSchema) != 0 && changes_tables(shape))
        plane_.table_changes().changed(shape);
    if ((shape.effects & effect::kDeallocatesAll) != 0 && !shares()) {
        StatementStep step;
        step.change = StatementStep::Change::DeallocateAll;
        names_.deallocate_all();
        names_.resolve(step, StepOutcome::Done);
    }
    const bool sets = (shape.effects & (effect::kSetsGuc | effect::kResetsAll)) != 0;
    if (sets || shape.kind == model::StatementKind::Set) note_settings(text);
}

bool Session::touches_sequences(const model::StatementShape& shape) const {
    if (pool_ == nullptr || !pool_->reads_sequences || !watches_pins()) return false;
    return (shape.effects & effect::kReadsSequence) != 0 || may_draw(shape);
}

bool Session::matters(const model::StatementShape& shape) const {
    // A SET LOCAL leaves nothing behind.
    return shape.effects != 0 || shape.kind == model::StatementKind::Set || watches_all();
}

void Session::note_settings(std::string_view text) {
    if (!dirty_settings_ && !resets_all_) settings_doubtful_ = false;
    for (auto& change : sql::guc_changes(text)) {
        if (change.local && (change.name.empty() || shapes_parsing(change.name)))
            parses_locally_ = true;
        // The generator of random() is no setting that could be read.
        if (change.local || change.all || change.name == "seed") continue;
        const bool full = dirty_settings_ && dirty_settings_->size() >= 64;
        if (change.name.empty() || full) {
            // Which setting, only the server knows.
            effects_ |= effect::kUnknownSetting;
            inspect_ = true;
            continue;
        }
        if (change.reset) note_reset(change.name);
        if (!dirty_settings_) dirty_settings_ = std::make_unique<std::vector<std::string>>();
        dirty_settings_->push_back(std::move(change.name));
    }
}

void Session::note_reset(const std::string& name) {
    if (!startup_settings_ || !value_of(*startup_settings_, name)) return;
    if (!resetting_) resetting_ = std::make_unique<std::vector<std::string>>();
    resetting_->push_back(name);
}

bool Session::settings_unsure() const {
    constexpr std::uint16_t kAnySetting = effect::kUnknown | effect::kUnknownSetting;
    return dirty_settings_ || resets_all_ || settings_asked_ > 0 || (effects_ & kAnySetting) != 0;
}

void Session::settings_reset() {
    effects_ &= static_cast<std::uint16_t>(~effect::kSetsGuc);
    if ((effects_ & effect::kUnlistensAll) != 0) {
        effects_ &= static_cast<std::uint16_t>(~(effect::kSequenceState | effect::kUnlistensAll));
        if (keeps_connection()) effects_ = 0;
    }
    if (!keeps_connection()) return;
    // RESET ALL leaves these two alone.
    auto values = startup_settings_->values;
    for (const auto& [name, value] : settings_->values) {
        if (is_identity(name)) values.emplace_back(name, value);
    }
    settings_ = plane_.gucs().make(values);
    upstream_->set_settings(settings_);
}

void Session::settle_settings(const base::Now& now) {
    auto names = std::move(dirty_settings_);
    const bool reset = std::exchange(resets_all_, false);
    const bool doubtful = std::exchange(settings_doubtful_, false);
    if (own_upstream_ != nullptr) return;
    if (reset && !doubtful) settings_reset();
    if (!keeps_connection() && (reset || doubtful)) {
        // Nothing was changed, so there is nothing to go back.
        if (!names && settings_ == startup_settings_) return;
        // A change may have been undone, or come behind the RESET: the server is asked for all that
        // are the session's own. By name the default would be taken for the client's wish.
        effects_ |= effect::kUnknownSetting;
        inspect_ = true;
        if (names) std::ranges::copy_if(*names, std::back_inserter(placeholders_), is_placeholder);
        return;
    }
    if (!names) return;
    // What the server reports by itself is known already.
    std::erase_if(*names, [&](const std::string& name) {
        const auto& reported = upstream_->parameters();
        return std::any_of(reported.begin(), reported.end(), [&](const auto& pair) {
            return is_settable_reported(pair.first) && same_setting(pair.first, name);
        });
    });
    if (names->empty()) return;
    ++settings_asked_;
    upstream_->read_settings(*names, now);
}

void Session::settings_read(const std::vector<std::string>& names,
                            const std::vector<std::optional<std::string>>& values,
                            const base::Now&) {
    if (settings_asked_ > 0) --settings_asked_;
    GucSetPtr at_server = upstream_->settings();
    auto changed = [&](const GucSetPtr& set, std::size_t i) {
        // Back to nobody in particular is no setting of its own.
        bool nobody = names[i] == "role" && values[i] == "none";
        bool self = names[i] == "session_authorization" && values[i] == source_->user;
        return values[i] && !nobody && !self ? plane_.gucs().with(*set, names[i], *values[i])
                                             : plane_.gucs().without(*set, names[i]);
    };
    for (std::size_t i = 0; i < names.size(); ++i) {
        settings_ = changed(settings_, i);
        if (at_server) at_server = changed(at_server, i);
    }
    upstream_->set_settings(at_server);
}

}  // namespace pgsidecar::proxy
