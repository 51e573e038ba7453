#include "protocol/messages/frontend_encode.hpp"
#include "proxy/core/plane.hpp"
#include "proxy/core/pool.hpp"
#include "proxy/core/session.hpp"
#include "proxy/core/upstream.hpp"

// What the proxy itself asks of a server connection, between its clients' statements.

namespace pgsidecar::proxy {

using protocol::Frame;
using protocol::ReplyKind;

void Upstream::apply(const GucSetPtr& set, Purpose purpose, const base::Now& now) {
    Expected expected;
    expected.purpose = purpose;
    expected.start_mono_ns = now.mono_ns;
    expect(ReplyKind::Query, std::move(expected));
    std::string message, sql;
    if (!settings_ || settings_->changes_identity) sql = kResetIdentitySql;
    sql += set->apply_sql;
    // The values came as zero-terminated texts, so this cannot fail.
    PGS_CHECK(protocol::append_query(message, sql).has_value());
    forward(base::as_bytes(message));
    settings_ = set;
}

void Upstream::reset(const base::Now& now) {
    Expected expected;
    expected.purpose = Purpose::Reset;
    expected.start_mono_ns = now.mono_ns;
    expect(ReplyKind::Query, std::move(expected));
    std::string message;
    PGS_CHECK(protocol::append_query(message, "DISCARD ALL").has_value());
    forward(base::as_bytes(message));
    settings_ = plane_.gucs().none();
}

void Upstream::begin(std::string_view begin_text, const base::Now& now) {
    Expected expected;
    expected.purpose = Purpose::Begin;
    expected.start_mono_ns = now.mono_ns;
    expect(ReplyKind::Query, std::move(expected));
    std::string message;
    PGS_CHECK(protocol::append_query(message, begin_text).has_value());
    forward(base::as_bytes(message));
}

void Upstream::read_settings(const std::vector<std::string>& names, const base::Now& now) {
    std::string sql, message;
    for (const auto& name : names) {
        sql += sql.empty() ? "SELECT pg_catalog.current_setting(" : ",pg_catalog.current_setting(";
        append_literal(sql, name);
        sql += ",true)";
    }
    if (!protocol::append_query(message, sql).has_value()) return;
    Expected expected;
    expected.purpose = Purpose::ReadSettings;
    expected.start_mono_ns = now.mono_ns;
    read_names_ = names;
    read_values_.clear();
    expect(ReplyKind::Query, std::move(expected));
    forward(base::as_bytes(message));
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

void Upstream::internal_row(const Frame& frame) {
    if (replies_.empty() || replies_.head().payload.purpose != Purpose::ReadSettings) return;
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
            if (session_ != nullptr && !error && read_values_.size() == read_names_.size())
                session_->settings_read(read_names_, read_values_, now);
            break;
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
                pool_->released(*this, now);
            }
            break;
        case Purpose::PrepareAgain:
        case Purpose::Client: break;
    }
    return state_ == State::Ready;
}

}  // namespace pgsidecar::proxy
