#include "protocol/messages/frontend_encode.hpp"
#include "protocol/messages/frontend_rewrite.hpp"
#include "proxy/core/plane.hpp"
#include "proxy/core/pool.hpp"
#include "proxy/core/session.hpp"
#include "proxy/core/upstream.hpp"

// What the proxy itself asks of a server connection, between its clients' statements.

namespace pgsidecar::proxy {

using protocol::Frame;
using protocol::ReplyKind;

void Upstream::ask(Purpose purpose, std::string_view sql, const base::Now& now) {
    Expected expected;
    expected.purpose = purpose;
    expected.start_mono_ns = now.mono_ns;
    statements_.query_sent();
    expect(ReplyKind::Query, std::move(expected));
    std::string message;
    // What is in it came as zero-terminated texts.
    PGS_CHECK(protocol::append_query(message, sql).has_value());
    forward(base::as_bytes(message));
}

void Upstream::ask_within(std::string_view command, const base::Now& now) {
    Expected expected;
    expected.owner = session_;
    expected.purpose = Purpose::Prepare;
    expected.start_mono_ns = now.mono_ns;
    expected.start_wall_us = now.wall_us;
    for (auto kind : {ReplyKind::Parse, ReplyKind::Bind, ReplyKind::Execute, ReplyKind::Close,
                      ReplyKind::Close})
        expect(kind, expected);
    std::string messages;
    PGS_CHECK(protocol::append_command(messages, PreparedStatements::kOwnCommand, command));
    forward(base::as_bytes(messages));
}

void Upstream::apply(const GucSetPtr& set, Purpose purpose, const base::Now& now) {
    std::string sql;
    if (!settings_ || settings_->changes_identity) sql = kResetIdentitySql;
    ask(purpose, sql + set->apply_sql, now);
    settings_ = set;
    if (!set->apply_late_sql.empty()) ask(Purpose::ApplySettings, set->apply_late_sql, now);
}

void Upstream::reset(const base::Now& now) {
    ask(Purpose::Reset, "DISCARD ALL", now);
    settings_ = plane_.gucs().none();
}

void Upstream::read_settings(const std::vector<std::string>& names, const base::Now& now) {
    std::string sql;
    for (const auto& name : names) {
        sql += sql.empty() ? "SELECT pg_catalog.current_setting(" : ",pg_catalog.current_setting(";
        append_literal(sql, name);
        sql += ",true)";
    }
    read_names_ = names;
    read_values_.clear();
    ask(Purpose::ReadSettings, sql, now);
}

void Upstream::prepare_again(const ClientStatements& statements, const base::Now& now) {
    statements.for_each_named([&](std::string_view name, const PreparedStatement& statement) {
        if (!statement.whole()) return;
        std::string messages;
        statement.append_parse(messages, name);
        protocol::append_sync(messages);
        Expected expected;
        expected.purpose = Purpose::PrepareAgain;
        expected.start_mono_ns = now.mono_ns;
        expect(ReplyKind::Parse, expected);
        expect(ReplyKind::Sync, expected);
        forward(base::as_bytes(messages));
    });
}

void Upstream::prepare_as(std::string_view name, const PreparedStatement& statement,
                          const Expected& due_to, bool in_exchange) {
    std::string messages;
    if (!protocol::append_close_statement(messages, name)) return;
    statement.append_parse(messages, name);
    Expected expected;
    expected.purpose = in_exchange ? Purpose::Prepare : Purpose::PrepareAgain;
    expected.owner = in_exchange ? session_ : nullptr;
    expected.start_mono_ns = due_to.start_mono_ns;
    expected.start_wall_us = due_to.start_wall_us;
    expect(ReplyKind::Close, expected);
    expect(ReplyKind::Parse, expected);
    if (!in_exchange) {
        protocol::append_sync(messages);
        statements_.sync_sent();
        expect(ReplyKind::Sync, std::move(expected));
    }
    forward(base::as_bytes(messages));
}

void Upstream::prepare(const PreparedStatementPtr& statement, const base::Now& now) {
    std::string messages;
    auto push = [&](ReplyKind kind, StatementStep step) {
        Expected expected;
        expected.purpose = Purpose::PrepareAgain;
        expected.start_mono_ns = now.mono_ns;
        expected.step = std::move(step);
        expect(kind, std::move(expected));
    };
    auto close = [&](StatementStep step) {
        PGS_CHECK(protocol::append_close_statement(messages, step.statement->server_name()));
        push(ReplyKind::Close, std::move(step));
    };
    const auto need = statements_.need(statement);
    if (need == ServerStatements::Need::CloseAndParse) {
        auto step = StatementStep::of(statement);
        statements_.close(step);
        close(std::move(step));
    }
    auto step = StatementStep::of(statement);
    statements_.parse(step);
    plane_.shard().statements_prepared.add();
    messages += base::as_text(statement->parse_message());
    push(ReplyKind::Parse, std::move(step));
    for (auto last = statements_.evict(); last.statement; last = statements_.evict())
        close(std::move(last));
    protocol::append_sync(messages);
    statements_.sync_sent();
    push(ReplyKind::Sync, {});
    forward(base::as_bytes(messages));
}

void Upstream::close_names(const std::vector<std::string>& names, const base::Now& now) {
    Expected expected;
    expected.purpose = Purpose::PrepareAgain;
    expected.start_mono_ns = now.mono_ns;
    std::string messages;
    for (const auto& name : names) {
        if (!protocol::append_close_statement(messages, name)) continue;
        expect(ReplyKind::Close, expected);
    }
    protocol::append_sync(messages);
    statements_.sync_sent();
    expect(ReplyKind::Sync, std::move(expected));
    forward(base::as_bytes(messages));
}

void Upstream::inspect(Inspection inspection, const base::Now& now) {
    inspection_ = std::make_unique<Inspection>(std::move(inspection));
    ask(Purpose::Inspect, inspection_->sql(), now);
}

bool Upstream::only_asks() {
    for (std::size_t i = 0; i < replies_.size(); ++i) {
        const auto purpose = replies_.at(i).payload.purpose;
        if (purpose != Purpose::Inspect && purpose != Purpose::ReadSettings &&
            purpose != Purpose::Restore && purpose != Purpose::PrepareAgain)
            return false;
    }
    return true;
}

bool Upstream::only_own_requests() {
    for (std::size_t i = 0; i < replies_.size(); ++i) {
        if (replies_.at(i).payload.owner != nullptr) return false;
    }
    return true;
}

void Upstream::internal_row(const Frame& frame) {
    if (replies_.empty()) return;
    const Purpose purpose = replies_.head().payload.purpose;
    if (purpose == Purpose::Inspect && inspection_) return inspection_->on_row(frame.payload);
    if (purpose != Purpose::ReadSettings) return;
    base::ByteReader reader(frame.payload);
    read_values_.clear();
    int columns = reader.i16().value_or(0);
    for (int i = 0; i < columns && reader.ok(); ++i) {
        std::int32_t length = reader.i32().value_or(-1);
        auto bytes = reader.bytes(length > 0 ? static_cast<std::size_t>(length) : 0);
        read_values_.emplace_back();
        if (length >= 0 && bytes) read_values_.back() = base::as_text(*bytes);
    }
}

bool Upstream::internal_done(Purpose purpose, const base::Now& now) {
    auto error = std::move(internal_error_);
    switch (purpose) {
        case Purpose::CheckSettings:
            if (session_ != nullptr) session_->settings_checked(error.get(), now);
            break;
        case Purpose::ReadSettings:
            if (session_ == nullptr) break;
            if (error || read_values_.size() != read_names_.size()) {
                read_names_.clear();
                settings_ = nullptr;  // nobody knows what is in force
            }
            session_->settings_read(read_names_, read_values_, now);
            break;
        case Purpose::Restore:
            if (session_ != nullptr) session_->restored(error != nullptr, now);
            break;
        case Purpose::Inspect: {
            auto inspection = std::move(inspection_);
            if (session_ != nullptr && inspection) session_->inspected(*inspection, now);
            break;
        }
        case Purpose::Begin:
        case Purpose::ApplySettings:
            // The client's statement runs right behind with the wrong settings: it must not go on.
            if (error) {
                ChannelClosed closed{
                    ChannelClosed::Cause::Other,
                    "the server refused the session's settings: SQLSTATE " + error->sqlstate};
                lose(closed, now);
            }
            break;
        case Purpose::Reset:
            if (error) {
                plane_.shard()
                    .servers_closed[static_cast<std::size_t>(
                        metrics::ServerCloseReason::ResetFailed)]
                    .add();
                pool_->discard(*this, now);
            } else {
                statements_.clear();
                if (pool_->reads_sequences) sequences_of = kNobodys;
                pool_->released(*this, now);
            }
            break;
        case Purpose::PrepareAgain:
        case Purpose::Prepare:
        case Purpose::Client: break;
    }
    const bool over = state_ == State::Ready && session_ != nullptr && replies_.empty();
    if (over && session_->state() == Session::State::Ready) session_->asked_done(now);
    return state_ == State::Ready;
}

}  // namespace pgsidecar::proxy
