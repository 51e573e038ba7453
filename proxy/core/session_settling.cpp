#include <algorithm>
#include <optional>

#include "protocol/messages/frontend_decode.hpp"
#include "protocol/messages/frontend_rewrite.hpp"
#include "proxy/core/plane.hpp"
#include "proxy/core/session.hpp"
#include "proxy/core/upstream.hpp"
#include "sql/prepared_name.hpp"

// Where server connections are shared: what a client sends waits until it is certain what its names
// stand for, and under which settings its texts are parsed.

namespace pgsidecar::proxy {

using protocol::Frame;
using protocol::TransactionStatus;
using Need = ServerStatements::Need;

namespace {

/// The statement that a Parse, Bind or Describe names.
std::optional<std::string_view> named_in(const Frame& frame) {
    if (frame.type == 'P') {
        if (auto parse = protocol::decode_parse_head(frame.payload)) return parse->name;
    } else if (frame.type == 'B') {
        if (auto bind = protocol::decode_bind_head(frame.payload)) return bind->statement;
    } else if (frame.type == 'D') {
        auto target = protocol::decode_target(frame.payload);
        if (target && target->kind == protocol::TargetKind::Statement) return target->name;
    }
    return std::nullopt;
}

}  // namespace

bool Session::knows_settings() const {
    return !shares() || (!settings_unsure() && !parses_locally_);
}

std::uint64_t Session::parse_context() const {
    const std::uint64_t settings =
        knows_settings() ? settings_->parse_context_id() : plane_.gucs().fresh_parse_context();
    return settings << 32 | plane_.table_changes().epoch();
}

bool Session::settles_first(const Frame& frame, const base::Now& now) {
    if (!shares() || !frame.whole()) return false;
    if (names_unsettled(frame)) return waits_for_replies();
    const auto name = named_in(frame);
    if (!name) return false;
    const bool between = !exchange_open_ && transaction_ == TransactionStatus::Idle;
    const bool waits =
        !upstream_->replies().empty() && depends_on_replies(frame.type, *name, between);
    if (!waits && !(between && frame.type != 'P' && prepares_first(*name, now))) return false;
    return waits_for_replies();
}

bool Session::waits_for_replies() {
    // Without a Sync behind it the server keeps its answers to itself.
    if (exchange_open_) upstream_->forward(base::as_bytes(protocol::kFlushMessage));
    stop_ = Stop::Settle;
    return true;
}

bool Session::names_unsettled(const Frame& frame) {
    if (upstream_->replies().empty() || names_.size() == 0) return false;
    std::string_view text = base::as_text(frame.payload);
    if (frame.type == 'P') {
        const auto head = protocol::decode_parse_head(frame.payload);
        text = head ? head->query : std::string_view();
    } else if (frame.type != 'Q') {
        return false;
    }
    text = text.substr(0, text.find('\0'));
    const bool any = std::ranges::any_of(plane_.classify(text), [](const auto& shape) {
        return shape && (shape->effects & model::session_effect::kSqlPrepare) != 0;
    });
    if (!any) return false;
    const auto section = upstream_->statements().section();
    return std::ranges::any_of(sql::prepared_names(text), [&](const sql::PreparedName& use) {
        return !names_.find(use.name, section).settled;
    });
}

bool Session::depends_on_replies(char type, std::string_view name, bool between) const {
    if (between && settings_unsure()) return true;
    const bool replaces_unnamed = type == 'P' && name.empty();
    return !replaces_unnamed && !names_.find(name, upstream_->statements().section()).settled;
}

bool Session::was_parsed_otherwise(const PreparedStatement& statement) const {
    // Under settings that nobody knew: nobody else has it.
    const std::uint64_t then = statement.context() >> 32;
    if (!statement.whole() || (then != 0 && !statement.settings())) return false;
    return !knows_settings() || then != settings_->parse_context_id();
}

bool Session::prepares_first(std::string_view name, const base::Now& now) {
    const PreparedStatementPtr statement = names_.statement(name);
    if (name.empty() || !statement || !was_parsed_otherwise(*statement)) return false;
    const bool has_it = upstream_->statements().need(statement) == Need::Nothing;
    if (has_it || prepared_aside_ == statement->id() || is_outdated(*statement)) return false;
    if (!upstream_->only_own_requests()) return true;
    std::vector<std::pair<std::string, std::string>> values;
    if (statement->settings()) values = statement->settings()->values;
    upstream_->apply(plane_.gucs().make(values), Purpose::ApplySettings, now);
    upstream_->prepare(statement, now);
    upstream_->apply(settings_, Purpose::ApplySettings, now);
    prepared_aside_ = statement->id();
    return true;
}

PreparedStatementPtr Session::as_it_can_be_here(const PreparedStatementPtr& statement) {
    prepared_aside_ = 0;
    const bool has_it = upstream_->statements().need(statement) == Need::Nothing;
    if (has_it || !was_parsed_otherwise(*statement)) return statement;
    // In the middle of a transaction its own settings cannot be had: what is parsed now must not be
    // taken for it by others.
    StatementKey key{statement->text(), statement->types(), parse_context(),
                     knows_settings() ? settings_->parse_context : nullptr};
    return plane_.statements().intern(key, {}, [&] { return statement->shape(); });
}

void Session::replies_settled(const base::Now& now) {
    if (stop_ != Stop::Settle) return;
    stop_ = Stop::None;
    set_reading(true);
    consume_held(now);
}

}  // namespace pgsidecar::proxy
