#include "proxy/mock/mock_server.hpp"

#include <array>
#include <utility>
#include <vector>

#include "protocol/messages/backend_encode.hpp"
#include "protocol/messages/message_types.hpp"
#include "protocol/messages/protocol_errc.hpp"
#include "protocol/messages/sqlstate.hpp"
#include "protocol/startup/startup_options.hpp"
#include "proxy/mock/executor.hpp"
#include "proxy/mock/mock_server_state.hpp"
#include "proxy/mock/reply_writer.hpp"

namespace pgsidecar::proxy::mock {

namespace sqlstate = protocol::sqlstate;
using protocol::Frame;
using protocol::FrameOutcome;
using protocol::FrameReader;

namespace {

/// Statements and messages of one turn: a worker has other clients too.
constexpr int kStepsPerTurn = 256;
constexpr std::size_t kMaxStartupBytes = 1'000'000;

bool is_extended(char type) {
    return type == 'P' || type == 'B' || type == 'D' || type == 'E' || type == 'C' || type == 'H';
}

}  // namespace

MockServer::MockServer(StatementCheck& check, TableBook& tables, base::Entropy& entropy,
                       std::int32_t pid)
    : check_(check),
      connection_(entropy, tables),
      reader_(FrameReader::Direction::Frontend, {0x7fffffff, kMaxMessageBytes}) {
    connection_.pid = pid;
}

MockServer::~MockServer() = default;

void MockServer::feed(base::Bytes bytes) {
    if (hung_up_) return;
    in_.append(base::as_text(bytes));
    progress_ = true;
}

void MockServer::work(std::string& out, std::size_t enough, const base::Now& now) {
    int steps = 0;
    while (out.size() < enough && ++steps <= kStepsPerTurn) {
        progress_ = step(out, now);
        if (!progress_) break;
    }
    if (in_at_ == in_.size()) {
        in_ = {};
        in_at_ = 0;
    } else if (in_at_ > in_.size() / 2) {
        in_.erase(0, in_at_);
        in_at_ = 0;
    }
}

bool MockServer::step(std::string& out, const base::Now& now) {
    if (hung_up_) return false;
    if (!started_) return start_up(out, now);
    if (simple_ && !copy_) {
        next_simple(out);
        return true;
    }
    base::Bytes input = base::as_bytes(in_).subspan(in_at_);
    Frame frame;
    FrameOutcome outcome = reader_.next(input, frame);
    in_at_ = in_.size() - input.size();
    if (outcome == FrameOutcome::Need) return false;
    if (outcome == FrameOutcome::Bad) {
        hang_up(out, sqlstate::kProtocolViolation, "invalid frontend message");
        return false;
    }
    on_frame(frame, out, now);
    return !hung_up_;
}

// ---- login

bool MockServer::start_up(std::string& out, const base::Now& now) {
    protocol::StartupLimits limits;
    limits.max_length = kMaxStartupBytes;
    auto packet = protocol::parse_startup(base::as_bytes(in_).subspan(in_at_), limits);
    if (!packet) {
        hang_up(out, protocol::sqlstate_of(packet.error()), packet.error().message());
        return false;
    }
    if (std::holds_alternative<protocol::NeedBytes>(packet->body)) return false;
    if (const auto* message = std::get_if<protocol::StartupMessage>(&packet->body)) {
        started_ = true;
        connection_.wall_us = now.wall_us;
        log_in(*message, out);
    } else if (std::holds_alternative<protocol::CancelRequest>(packet->body)) {
        hung_up_ = true;  // nothing runs long enough to be cancelled
    } else {
        out += 'N';
    }
    in_at_ += packet->length;
    return !hung_up_;
}

void MockServer::log_in(const protocol::StartupMessage& message, std::string& out) {
    connection_.user = message.user();
    connection_.database = message.database();
    auto& gucs = connection_.gucs;
    gucs.set_default("session_authorization", connection_.user);
    for (const auto& [name, value] : message.parameters) {
        if (name == "user" || name == "database") continue;
        bool wanted = value != "false" && value != "off" && value != "0" && value != "no";
        if (name == "replication" && wanted) {
            return hang_up(out, sqlstate::kFeatureNotSupported,
                           "mode mock has nothing to replicate");
        }
        if (name != "options") {
            gucs.set_default(name, value);
            continue;
        }
        auto options = protocol::parse_startup_options(value);
        if (!options)
            return hang_up(out, protocol::sqlstate_of(options.error()), options.error().message());
        for (const auto& [option, setting] : *options) gucs.set_default(option, setting);
    }
    if (message.needs_negotiation()) {
        protocol::append_negotiate_protocol_version(out, protocol::kProtocol30,
                                                    message.unknown_options);
    }
    protocol::append_authentication_ok(out);
    report_settings(out);
    std::array<std::byte, 4> secret{};
    connection_.entropy.fill(secret);
    protocol::append_backend_key_data(out, connection_.pid, secret);
    ready(out);
}

void MockServer::hang_up(std::string& out, std::string_view sqlstate, std::string message) {
    LocalError error;
    error.severity = "FATAL";
    error.sqlstate = sqlstate;
    error.message = std::move(message);
    append_error(out, error);
    hung_up_ = true;
}

// ---- messages

void MockServer::on_frame(const Frame& frame, std::string& out, const base::Now& now) {
    if (dropping_) {
        dropping_ = !frame.last;
        return;
    }
    if (copy_) return on_copy_frame(frame, out);
    if (frame.type == 'd' || frame.type == 'c' || frame.type == 'f') return;  // left of a COPY
    if (!frame.whole()) {
        dropping_ = true;
        return on_too_long(frame.type, out);
    }
    begin_exchange(now);
    on_message(frame.type, frame.payload, out, now);
}

void MockServer::on_too_long(char type, std::string& out) {
    if (skipping_) return;
    fail(sqlstate::kProgramLimitExceeded,
         "mode mock takes messages of up to " + std::to_string(kMaxMessageBytes) + " bytes", out);
    if (!is_extended(type)) {
        skipping_ = false;
        ready(out);
    }
}

void MockServer::on_message(char type, base::Bytes payload, std::string& out,
                            const base::Now& now) {
    if (skipping_ && type != 'S' && type != 'X') return;
    switch (type) {
        case 'Q': return on_query(payload, out);
        case 'P': return on_parse(payload, out);
        case 'B': return on_bind(payload, out);
        case 'D': return on_describe(payload, out);
        case 'E': return on_execute(payload, out);
        case 'C': return on_close(payload, out);
        case 'H': return;
        case 'S': skipping_ = false; return ready(out);
        case 'F':
            fail(sqlstate::kFeatureNotSupported, "mode mock has no functions to call", out);
            skipping_ = false;
            return ready(out);
        case 'X': hung_up_ = true; return;
        default:
            (void)now;
            return hang_up(out, sqlstate::kProtocolViolation, "unexpected frontend message");
    }
}

void MockServer::begin_exchange(const base::Now& now) {
    if (std::exchange(in_exchange_, true)) return;
    if (connection_.transaction.idle()) connection_.wall_us = now.wall_us;
    connection_.transaction.mark();
}

// ---- ends

void MockServer::fail(const LocalError& error, std::string& out) {
    append_error(out, error);
    connection_.transaction.fail();
    if (simple_) {
        simple_.reset();
        ready(out);
    } else {
        skipping_ = true;
    }
}

void MockServer::fail(std::string_view sqlstate, std::string message, std::string& out) {
    fail(*make_error(sqlstate, std::move(message)).error, out);
}

void MockServer::report_settings(std::string& out) {
    for (auto& [name, value] : connection_.gucs.reported()) {
        auto it = told_.find(name);
        if (it != told_.end() && it->second == value) continue;
        protocol::append_parameter_status(out, name, value);
        told_.insert_or_assign(std::string(name), std::move(value));
    }
}

void MockServer::ready(std::string& out) {
    if (connection_.transaction.idle()) {
        connection_.transaction.end_implicit();
        connection_.kept.transaction_over();
    }
    report_settings(out);
    protocol::append_ready_for_query(out, connection_.transaction.status());
    in_exchange_ = false;
}

}  // namespace pgsidecar::proxy::mock
