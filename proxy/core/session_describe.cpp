#include <algorithm>

#include "protocol/messages/frontend_decode.hpp"
#include "proxy/core/plane.hpp"
#include "proxy/core/session.hpp"
#include "proxy/core/standin.hpp"
#include "proxy/core/upstream.hpp"
#include "sql/guc_changes.hpp"

// What a client's messages mean: which statement they run, and what it leaves behind.

namespace pgsidecar::proxy {

using protocol::Frame;

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
                if (shapes[i]->effects == 0) continue;
                note_effects(*shapes[i],
                             text.substr(places[i].begin, places[i].end - places[i].begin));
            }
            break;
        }
        case 'P':
        case 'B':
        case 'D':
        case 'C':
        case 'E': name_statement(frame, expected); break;
        default: break;
    }
    return expected;
}

void Session::name_statement(const Frame& frame, Expected& expected) {
    switch (frame.type) {
        case 'P':
            if (auto parse = protocol::decode_parse(frame.payload)) {
                expected.shape = remember(*parse)->shape();
            } else if (auto head = protocol::decode_parse_head(frame.payload)) {
                auto shapes = plane_.classify(head->query);
                if (!shapes.empty()) expected.shape = shapes[0];
                name_it(head->name, plane_.statements().make_unshared(expected.shape));
            }
            break;
        case 'B':
            if (auto bind = protocol::decode_bind_head(frame.payload)) {
                const auto& statement = names_.statement(bind->statement);
                names_.bind(bind->portal, statement);
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
                if (frame.type == 'C') closed(*target);
            }
            break;
        case 'E':
            if (auto execute = protocol::decode_execute(frame.payload)) {
                const auto& statement = names_.portal(execute->portal);
                if (!statement) break;
                expected.shape = statement->shape();
                if (expected.shape && expected.shape->effects != 0)
                    note_effects(*expected.shape, statement->text());
            }
            break;
        default: break;
    }
}

PreparedStatementPtr Session::remember(const protocol::ParseView& parse) {
    StatementKey key{parse.query, parse.param_types};
    auto statement = plane_.statements().intern(key, names_.statement(parse.name), [&] {
        auto shapes = plane_.classify(parse.query);
        return shapes.empty() ? model::StatementShapePtr() : shapes[0];
    });
    name_it(parse.name, statement);
    return statement;
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
    namespace effect = model::session_effect;
    effects_ |= shape.effects;
    if ((shape.effects & effect::kResetsAll) != 0) resets_all_ = true;
    if ((shape.effects & effect::kDeallocatesAll) != 0) {
        StatementStep step;
        step.change = StatementStep::Change::DeallocateAll;
        names_.deallocate_all();
        names_.resolve(step, StepOutcome::Done);
    }
    if ((shape.effects & effect::kSetsGuc) == 0) return;
    for (auto& change : sql::guc_changes(text)) {
        if (change.local || change.all) continue;
        // Which setting, only the server knows: its connection cannot be replaced unnoticed.
        if (change.name.empty()) effects_ |= effect::kUnknownSetting;
        if (change.name.empty()) continue;
        if (!dirty_settings_) dirty_settings_ = std::make_unique<std::vector<std::string>>();
        if (dirty_settings_->size() < 64) dirty_settings_->push_back(std::move(change.name));
    }
}

void Session::settle_settings(const base::Now& now) {
    auto names = std::move(dirty_settings_);
    if (std::exchange(resets_all_, false)) {
        namespace effect = model::session_effect;
        settings_ = startup_settings_;
        // The server went back to its own values, which are not those of the startup packet.
        upstream_->set_settings(plane_.gucs().none());
        effects_ &= static_cast<std::uint16_t>(~(effect::kSetsGuc | effect::kListens));
    }
    if (!names || own_upstream_ != nullptr) return;
    // What the server reports by itself is known already.
    std::erase_if(*names, [&](const std::string& name) {
        const auto& reported = upstream_->parameters();
        return std::any_of(reported.begin(), reported.end(),
                           [&](const auto& pair) { return same_setting(pair.first, name); });
    });
    if (!names->empty()) upstream_->read_settings(*names, now);
}

void Session::settings_read(const std::vector<std::string>& names,
                            const std::vector<std::optional<std::string>>& values,
                            const base::Now& now) {
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
    release_if_done(now);
}

}  // namespace pgsidecar::proxy
