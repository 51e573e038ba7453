#include <algorithm>
#include <array>

#include "model/pin_reason.hpp"
#include "protocol/messages/sqlstate.hpp"
#include "proxy/core/inspection.hpp"
#include "proxy/core/plane.hpp"
#include "proxy/core/pool.hpp"
#include "proxy/core/session.hpp"
#include "proxy/core/upstream.hpp"

// Pool mode auto: what keeps a client on its server connection between transactions, and until when
// (design, part 4).

namespace pgsidecar::proxy {

namespace effect = model::session_effect;
using model::PinReason;

namespace {

struct Cause {
    std::uint16_t effect;
    PinReason reason;
};

constexpr std::array kCauses{
    Cause{effect::kListens, PinReason::Listen},
    Cause{effect::kTempTable, PinReason::TempTable},
    Cause{effect::kAdvisoryLock, PinReason::AdvisoryLock},
    Cause{effect::kHoldCursor, PinReason::HoldCursor},
    Cause{effect::kSqlPrepare, PinReason::SqlPrepare},
    Cause{effect::kSequenceState, PinReason::Sequence},
    Cause{effect::kLoads, PinReason::Library},
};

/// lastval() is asked for right behind the INSERT, or not at all.
constexpr std::int64_t kSequencesAreOverNs = 50'000'000;

std::uint8_t bit(PinReason reason) {
    return static_cast<std::uint8_t>(1u << static_cast<unsigned>(reason));
}

/// What belongs to a transaction, or to its start, and not to the session.
bool is_sessions_own(std::string_view name) {
    return !name.starts_with("transaction_") && name != "seed" && name != "is_superuser";
}

}  // namespace

bool Session::watches_pins() const {
    return own_upstream_ == nullptr && plane_.settings().pool.mode == config::PoolMode::Auto;
}

bool Session::watches_all() const {
    return pins_ != 0 || resets_all_ ||
           (pool_ != nullptr && pool_->reads_sequences && watches_pins());
}

bool Session::leaves_state() const {
    const auto state = static_cast<std::uint16_t>(effects_ | asked_);
    return watches_pins() &&
           ((state & (Inspection::kAsking | effect::kLoads | effect::kSequenceState)) != 0 ||
            names_.needs_its_server());
}

void Session::begin_with_own_sequences(const Expected& expected) {
    auto touches = [this](const auto& shape) { return shape && touches_sequences(*shape); };
    const bool any =
        expected.all ? std::ranges::any_of(*expected.all, touches) : touches(expected.shape);
    const auto& replies = upstream_->replies();
    // These the server answers without running them.
    if (transaction_ == protocol::TransactionStatus::Failed || replies.skipping()) return;
    if (!any || replies.copy_in() || upstream_->sequences_of == id_) return;
    if (std::exchange(upstream_->sequences_of, id_) == Upstream::kNobodys) return;
    const base::Now sent_at{expected.start_mono_ns, expected.start_wall_us};
    if (!exchange_begins_) {
        sequences_begun_ = true;
        return upstream_->ask_within("DISCARD SEQUENCES", sent_at);
    }
    ++restores_in_flight_;
    upstream_->ask(Purpose::Restore, "DISCARD SEQUENCES", sent_at);
}

void Session::note_failure() {
    settings_doubtful_ = true;
    // It may have come before them.
    if (sequences_begun_) upstream_->sequences_of = Upstream::kAnybodys;
}

bool Session::yield_sequences(const base::Now& now) {
    const bool only = pins_ == bit(PinReason::Sequence);
    if (!only || upstream_ == nullptr || exchange_open_ || !upstream_->replies().empty())
        return false;
    if (now.mono_ns - sequences_since_ns_ < kSequencesAreOverNs) return false;
    effects_ &= static_cast<std::uint16_t>(~effect::kSequenceState);
    release_if_done(now);
    return upstream_ == nullptr;
}

void Session::ask_what_is_left(const base::Now& now) {
    inspect_ = false;
    if (!own_names_.empty()) upstream_->close_names(std::exchange(own_names_, {}), now);
    // Other modes share whatever is there, but never settings.
    if (!watches_pins()) effects_ = settings_unsure() ? effect::kUnknownSetting : std::uint16_t{0};
    Inspection inspection(effects_, known_placeholders());
    if (inspection.asks_settings()) ++settings_asked_;
    asked_ = inspection.asked();
    effects_ &= static_cast<std::uint16_t>(~Inspection::kAsking);
    upstream_->inspect(std::move(inspection), now);
}

std::vector<std::string> Session::known_placeholders() {
    auto names = std::exchange(placeholders_, {});
    for (const auto* set : {settings_.get(), startup_settings_.get()}) {
        if (set == nullptr) continue;
        for (const auto& [name, value] : set->values) {
            if (is_placeholder(name)) names.push_back(name);
        }
    }
    std::ranges::sort(names);
    names.erase(std::ranges::unique(names).begin(), names.end());
    return names;
}

void Session::inspected(const Inspection& inspection, const base::Now&) {
    asked_ = 0;
    effects_ |= inspection.found();
    if (inspection.asks_settings() && settings_asked_ > 0) --settings_asked_;
    if (const auto* told = inspection.settings()) {
        std::vector<std::pair<std::string, std::string>> values;
        for (const auto& [name, value] : *told) {
            // Nobody in particular is no setting of its own.
            if (name == "role" && value == "none") continue;
            if (name == "session_authorization" && value == source_->user) continue;
            if (is_sessions_own(name)) values.emplace_back(name, value);
        }
        settings_ = plane_.gucs().make(values);
        // There may be others with names of their own, which nobody can list: whoever comes next
        // begins with RESET ALL.
        upstream_->set_settings(nullptr);
    } else if (inspection.asks_settings()) {
        upstream_->set_settings(nullptr);  // it gave no answer
    }
}

void Session::note_pins() {
    std::uint8_t pins = names_.needs_its_server() ? bit(PinReason::LargeStatement) : 0;
    for (const auto& cause : kCauses) {
        if ((effects_ & cause.effect) != 0) pins |= bit(cause.reason);
    }
    set_pins(pins);
}

void Session::set_pins(std::uint8_t pins) {
    if (pins == pins_) return;
    auto& shard = plane_.shard();
    for (std::size_t i = 0; i < model::kPinReasons; ++i) {
        const auto mask = bit(static_cast<PinReason>(i));
        if ((pins & mask) != 0 && (pins_ & mask) == 0) shard.pins[i].add();
    }
    if ((pins == 0) != (pins_ == 0)) shard.clients_pinned.add(pins == 0 ? -1 : 1);
    pins_ = pins;
}

void Session::forget_state() {
    set_pins(0);
    effects_ = asked_ = 0;
    inspect_ = false;
    settings_asked_ = 0;
    own_names_.clear();
    placeholders_.clear();
}

void Session::release_if_done(const base::Now& now) {
    if (upstream_ == nullptr) return;
    if (terminating_ && upstream_->replies().empty()) {
        detach(now, false);
        return close_channel();
    }
    // What we have asked ourselves may be answered while a client's exchange has just begun.
    if (transaction_ != protocol::TransactionStatus::Idle || !upstream_->replies().empty() ||
        upstream_->replies().skipping() || reader_.in_pieces() || exchange_open_) {
        return;
    }
    if (draining_) return drain(now);
    if (keeps_connection()) return;
    if (inspect_ && shares()) return ask_what_is_left(now);
    if (stop_ == Stop::Settle) return;  // it has sent more, which goes on from here
    if (watches_pins()) {
        note_pins();
        if (pins_ != 0) {
            if (upstream_->settings() != settings_)
                upstream_->apply(settings_, Purpose::ApplySettings, now);
            return;
        }
    }
    detach(now, false);
}

bool Session::keeps_connection() const {
    return own_upstream_ != nullptr || plane_.settings().pool.mode == config::PoolMode::Session;
}

bool Session::refused_by_mode(const protocol::Frame& frame, const Expected& expected) {
    if (own_upstream_ != nullptr || plane_.settings().pool.mode != config::PoolMode::Statement)
        return false;
    auto begins = [](const model::StatementShapePtr& shape) {
        return shape && shape->verb == model::TransactionVerb::Begin;
    };
    const bool runs = frame.type == 'Q' || frame.type == 'P';
    const bool any = expected.all ? std::any_of(expected.all->begin(), expected.all->end(), begins)
                                  : begins(expected.shape);
    if (!runs || !any) return false;
    LocalError error;
    error.sqlstate = protocol::sqlstate::kFeatureNotSupported;
    error.message = "Transactions of several statements are not possible in pool mode statement.";
    error.hint = "Set pool.mode to auto or transaction.";
    refuse_exchange(frame.type, !frame.last, error);
    return true;
}

}  // namespace pgsidecar::proxy
