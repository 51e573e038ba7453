#include <algorithm>
#include <span>

#include "protocol/messages/backend_encode.hpp"
#include "protocol/messages/frontend_decode.hpp"
#include "protocol/messages/frontend_encode.hpp"
#include "protocol/messages/frontend_rewrite.hpp"
#include "protocol/messages/sqlstate.hpp"
#include "proxy/core/plane.hpp"
#include "proxy/core/session.hpp"
#include "proxy/core/upstream.hpp"
#include "sql/prepared_name.hpp"

// Prepared statements where server connections are shared: the client's names become ours, and what
// a connection does not have is prepared in front of the message that needs it.

namespace pgsidecar::proxy {

using protocol::Frame;
using protocol::ReplyKind;
using Need = ServerStatements::Need;
namespace effect = model::session_effect;

namespace {

/// The server's own words for it, which drivers know.
std::string result_changed() {
    LocalError error;
    error.sqlstate = protocol::sqlstate::kFeatureNotSupported;
    error.message = "cached plan must not change result type";
    auto fields = error.fields();
    fields.file = "plancache.c";
    fields.routine = "RevalidateCachedQuery";
    std::string message;
    protocol::append_error_response(message, fields);
    return message;
}

}  // namespace

bool Session::shares() const {
    return own_upstream_ == nullptr && plane_.settings().pool.mode != config::PoolMode::Session;
}

void Session::send_shared(const Frame& frame, Expected expected) {
    auto& replies = upstream_->replies();
    auto& table = upstream_->statements();
    // The server will not take these: it skips up to a Sync, or reads COPY data.
    const bool refused = replies.copy_in() || (replies.skipping() && frame.type != 'S');
    if (refused) {
        expected.step = {};
        return send_plain(frame, std::move(expected));
    }
    switch (frame.type) {
        case 'P': return send_parse(frame, std::move(expected));
        case 'B': return send_bind(frame, std::move(expected));
        case 'D': return send_describe(frame, std::move(expected));
        case 'C': return send_close(frame, std::move(expected));
        case 'Q':
            use_own_names(base::as_text(frame.payload), expected);
            table.query_sent();
            if (has_effect(expected, effect::kDeallocatesAll)) {
                table.deallocate_all(expected.step);
                names_.deallocate_all();
            }
            names_.query(expected.step, table.section());
            break;
        case 'E':
            if (has_effect(expected, effect::kDeallocatesAll)) {
                table.deallocate_all(expected.step);
                names_.deallocate_all();
            }
            break;
        case 'S': table.sync_sent(); break;
        default: break;
    }
    send_plain(frame, std::move(expected));
}

void Session::send_parse(const Frame& frame, Expected expected) {
    auto& table = upstream_->statements();
    auto head = protocol::decode_parse_head(frame.payload);
    const PreparedStatementPtr statement = expected.step.statement;
    if (!head || !statement) return send_plain(frame, std::move(expected));
    if (head->name.empty()) {
        table.parse_unnamed(expected.step);
        (void)names_.parse({}, expected.step, table.section());
        if (expected.shape) use_own_names(head->query, expected);
        return send_plain(frame, std::move(expected));
    }
    if (const PreparedStatementPtr taken = names_.statement(head->name)) {
        // The server itself says what is wrong, in its own order of checks.
        expected.step = StatementStep::of(taken);
        make_known(taken, expected);
        return send_renamed(frame, std::move(expected), head->name, taken->server_name());
    }
    if (!names_.parse(head->name, expected.step, table.section()))
        return too_many_statements({expected.start_mono_ns, expected.start_wall_us});
    if (!statement->whole())
        return send_renamed(frame, std::move(expected), head->name, statement->server_name());
    if (sql_may_have_prepared(head->name))
        return send_parse_checked(frame, std::move(expected), head->name);
    const Need need = table.need(statement);
    if (need == Need::Nothing) {
        plane_.shard().statements_shared.add();
        return send_locally(std::move(expected));
    }
    if (need == Need::CloseAndParse) {
        StatementStep close = StatementStep::of(statement);
        table.close(close);
        inject(ReplyKind::Close, std::move(close), expected);
    }
    table.parse(expected.step);
    plane_.shard().statements_prepared.add();
    Expected room;
    room.owner = this;
    room.start_mono_ns = expected.start_mono_ns;
    room.start_wall_us = expected.start_wall_us;
    upstream_->expect(ReplyKind::Parse, std::move(expected));
    upstream_->forward(statement->parse_message());
    make_room(room);
}

void Session::send_bind(const Frame& frame, Expected expected) {
    auto& table = upstream_->statements();
    auto bind = protocol::decode_bind_head(frame.payload);
    if (!bind) return send_plain(frame, std::move(expected));
    const PreparedStatementPtr statement = names_.statement(bind->statement);
    names_.bind(bind->portal, statement);
    if (!bind->statement.empty()) return send_use(frame, std::move(expected), bind->statement);
    if (statement && statement->whole() && !table.unnamed_is(statement)) {
        StatementStep step = StatementStep::of(statement);
        table.parse_unnamed(step);
        inject(ReplyKind::Parse, std::move(step), expected);
    } else if (!statement && !table.unnamed_is_none()) {
        StatementStep step;
        table.close_unnamed(step);
        inject(ReplyKind::Close, std::move(step), expected);
    }
    expected.step = StatementStep::of(statement);
    expected.step.unnamed = true;
    send_plain(frame, std::move(expected));
}

void Session::send_describe(const Frame& frame, Expected expected) {
    auto target = protocol::decode_target(frame.payload);
    const bool named = target && target->kind == protocol::TargetKind::Statement;
    if (!named) return send_plain(frame, std::move(expected));
    if (!target->name.empty()) return send_use(frame, std::move(expected), target->name);
    auto& table = upstream_->statements();
    const PreparedStatementPtr statement = names_.statement({});
    if (statement && statement->whole() && !table.unnamed_is(statement)) {
        StatementStep step = StatementStep::of(statement);
        table.parse_unnamed(step);
        inject(ReplyKind::Parse, std::move(step), expected);
    }
    send_plain(frame, std::move(expected));
}

void Session::send_use(const Frame& frame, Expected expected, std::string_view name) {
    const PreparedStatementPtr statement = names_.statement(name);
    if (!statement) return send_unknown_name(frame, std::move(expected), name);
    if (is_outdated(*statement)) {
        // An error at this place in the conversation is what only the server can make.
        expected.outdated = true;
        return send_renamed(frame, std::move(expected), name, PreparedStatements::kNoStatement);
    }
    const PreparedStatementPtr here = as_it_can_be_here(statement);
    make_known(here, expected);
    expected.step = StatementStep::of(here);
    send_renamed(frame, std::move(expected), name, here->server_name());
}

bool Session::sql_may_have_prepared(std::string_view name) const {
    const auto left = static_cast<std::uint16_t>(effects_ | asked_);
    return (left & (effect::kSqlPrepare | effect::kUnknown)) != 0 &&
           !name.starts_with(PreparedStatements::kPrefix);
}

void Session::send_parse_checked(const Frame& frame, Expected expected, std::string_view name) {
    Expected close;
    close.owner = this;
    close.purpose = Purpose::Prepare;
    close.start_mono_ns = expected.start_mono_ns;
    close.start_wall_us = expected.start_wall_us;
    send_plain(frame, std::move(expected));
    std::string message;
    if (!protocol::append_close_statement(message, name)) return;
    upstream_->expect(ReplyKind::Close, std::move(close));
    upstream_->forward(base::as_bytes(message));
}

bool Session::is_outdated(const PreparedStatement& statement) {
    if (!statement.shape() || upstream_->statements().knows(statement)) return false;
    const auto prepared_at = static_cast<std::uint32_t>(statement.context());
    return plane_.table_changes().may_concern(*statement.shape(), prepared_at);
}

void Session::send_unknown_name(const Frame& frame, Expected expected, std::string_view name) {
    // Perhaps from a PREPARE in SQL, which has its own name at the server; ours are nobody's.
    if (!name.starts_with(PreparedStatements::kPrefix))
        return send_plain(frame, std::move(expected));
    send_renamed(frame, std::move(expected), name, PreparedStatements::kNoStatement);
}

void Session::send_close(const Frame& frame, Expected expected) {
    auto& table = upstream_->statements();
    auto target = protocol::decode_target(frame.payload);
    if (!target) return send_plain(frame, std::move(expected));
    if (target->kind == protocol::TargetKind::Portal) {
        names_.close_portal(target->name);
        return send_plain(frame, std::move(expected));
    }
    const PreparedStatementPtr statement = names_.statement(target->name);
    names_.close(target->name, expected.step, table.section());
    if (target->name.empty()) {
        table.close_unnamed(expected.step);
        return send_plain(frame, std::move(expected));
    }
    if (statement && !statement->whole())
        return send_renamed(frame, std::move(expected), target->name, statement->server_name());
    // What others may use stays at the server.
    if (statement || target->name.starts_with(PreparedStatements::kPrefix)) {
        expected.step.closes = true;
        return send_locally(std::move(expected));
    }
    send_plain(frame, std::move(expected));
}

void Session::send_renamed(const Frame& frame, Expected expected, std::string_view from,
                           std::string_view to) {
    std::string head;
    auto rest = protocol::append_renamed(head, frame, from, to);
    if (!rest) return send_plain(frame, std::move(expected));  // the server will say what is wrong
    switch (frame.type) {
        case 'P': upstream_->expect(ReplyKind::Parse, std::move(expected)); break;
        case 'B': upstream_->expect(ReplyKind::Bind, std::move(expected)); break;
        case 'D': upstream_->expect(ReplyKind::Describe, std::move(expected)); break;
        default: upstream_->expect(ReplyKind::Close, std::move(expected)); break;
    }
    upstream_->forward(base::as_bytes(head));
    if (!rest->empty()) upstream_->forward(*rest);
}

void Session::send_locally(Expected expected) {
    upstream_->expect(ReplyKind::Local, std::move(expected));
    upstream_->complete_locals();
}

void Session::make_known(const PreparedStatementPtr& statement, const Expected& due_to) {
    auto& table = upstream_->statements();
    const Need need = table.need(statement);
    if (need == Need::CloseAndParse) {
        StatementStep close = StatementStep::of(statement);
        table.close(close);
        inject(ReplyKind::Close, std::move(close), due_to);
    }
    if (need != Need::Nothing) {
        StatementStep parse = StatementStep::of(statement);
        table.parse(parse);
        plane_.shard().statements_prepared.add();
        inject(ReplyKind::Parse, std::move(parse), due_to);
    }
    make_room(due_to);
}

void Session::make_room(const Expected& due_to) {
    auto& table = upstream_->statements();
    for (auto step = table.evict(); step.statement; step = table.evict())
        inject(ReplyKind::Close, std::move(step), due_to);
}

void Session::inject(ReplyKind kind, StatementStep step, const Expected& due_to) {
    std::string message;
    const std::string_view name = step.unnamed ? std::string_view() : step.statement->server_name();
    if (kind == ReplyKind::Parse && !step.unnamed) {
        message = base::as_text(step.statement->parse_message());
    } else if (kind == ReplyKind::Parse) {
        step.statement->append_parse(message, name);
    } else {
        (void)protocol::append_close_statement(message, name);
    }
    Expected expected;
    expected.owner = this;
    expected.purpose = Purpose::Prepare;
    expected.start_mono_ns = due_to.start_mono_ns;
    expected.start_wall_us = due_to.start_wall_us;
    if (step.statement) expected.shape = step.statement->shape();
    expected.step = std::move(step);
    upstream_->expect(kind, std::move(expected));
    upstream_->forward(base::as_bytes(message));
}

void Session::use_own_names(std::string_view text, const Expected& due_to) {
    const bool any = has_effect(due_to, effect::kSqlPrepare | effect::kUnknown);
    if (!any || names_.size() == 0) return;
    for (const auto& use : sql::prepared_names(text.substr(0, text.find('\0')))) {
        const PreparedStatementPtr statement = names_.statement(use.name);
        if (!statement || !statement->whole()) continue;
        // EXECUTE and DEALLOCATE know it by the client's own name.
        upstream_->prepare_as(use.name, *statement, due_to, exchange_open_);
        effects_ |= effect::kSqlPrepare;
        inspect_ = true;
        own_names_.push_back(use.name);
        if (!use.deallocates) continue;
        StatementStep step;
        names_.close(use.name, step, upstream_->statements().section());
        names_.resolve(step, StepOutcome::Done);
    }
}

void Session::relay_local(const StatementStep& step) {
    const auto message =
        step.closes ? protocol::kCloseCompleteMessage : protocol::kParseCompleteMessage;
    if (upstream_ != nullptr && upstream_->resend().possible()) {
        upstream_->resend().withhold(base::as_bytes(message));
    } else {
        relay(base::as_bytes(message));
    }
}

std::string Session::with_own_name(const Frame& frame, const Expected& expected) const {
    if (expected.outdated) return result_changed();
    const auto& statement = expected.step.statement;
    if (!statement || expected.step.unnamed) return {};
    const std::string ours = "\"" + std::string(statement->server_name()) + "\"";
    const std::string_view wire = base::as_text(frame.wire);
    if (wire.find(ours) == std::string_view::npos) return {};
    std::string own;
    names_.for_each_named([&](std::string_view name, const PreparedStatement& named) {
        if (&named == statement.get()) own = "\"" + std::string(name) + "\"";
    });
    if (own.empty()) return {};
    std::string told(wire);
    for (auto at = told.find(ours); at != std::string::npos; at = told.find(ours, at + own.size()))
        told.replace(at, ours.size(), own);
    base::store_be32(std::as_writable_bytes(std::span(told)).data() + 1,
                     static_cast<std::uint32_t>(told.size() - 1));
    return told;
}

void Session::too_many_statements(const base::Now& now) {
    LocalError error;
    error.sqlstate = protocol::sqlstate::kConfigurationLimitExceeded;
    error.message = "The client has more prepared statements than can be kept for it.";
    error.detail = "The limits are " + std::to_string(ClientStatements::kMaxNames) + " names and " +
                   std::to_string(ClientStatements::kMaxTextBytes) + " bytes of text.";
    error.hint = "Close statements that are no longer used (DEALLOCATE).";
    end(error.fatal(), now);
}

}  // namespace pgsidecar::proxy
