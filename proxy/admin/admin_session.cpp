#include "proxy/admin/admin_session.hpp"

#include <algorithm>

#include "base/bytes.hpp"
#include "protocol/messages/backend_encode.hpp"
#include "protocol/messages/message_types.hpp"
#include "protocol/messages/message_writer.hpp"
#include "protocol/messages/protocol_errc.hpp"
#include "protocol/messages/sqlstate.hpp"

namespace pgsidecar::proxy::admin {
namespace {

namespace sqlstate = protocol::sqlstate;
using protocol::TransactionStatus;

void send_ready(std::string& out) {
    protocol::append_ready_for_query(out, TransactionStatus::Idle);
}

void send_bare(char type, std::string& out) {
    out += type;
    out.append("\0\0\0\4", 4);
}

std::string tag_of(const Command& command, std::size_t rows) {
    return command.verb == Verb::SelectOne ? "SELECT " + std::to_string(rows) : command.tag;
}

/// The format codes behind a Bind's parameters; nothing when they are not what they should be.
std::optional<Formats> result_formats(base::Bytes payload, std::size_t columns) {
    auto head = protocol::decode_bind_head(payload);
    if (!head) return std::nullopt;
    base::ByteReader reader(payload.subspan(head->size));
    for (int codes = reader.i16().value_or(0); codes > 0 && reader.ok(); --codes) reader.i16();
    if (reader.i16().value_or(-1) != 0) return std::nullopt;
    const int count = reader.i16().value_or(-1);
    if (count < 0) return std::nullopt;
    const bool fits = count <= 1 || static_cast<std::size_t>(count) == columns;
    if (!fits) return std::nullopt;
    Formats formats;
    for (int i = 0; i < count; ++i) {
        const int format = reader.i16().value_or(-1);
        if (format != 0 && format != 1) return std::nullopt;
        formats.push_back(static_cast<std::int16_t>(format));
    }
    return formats;
}

}  // namespace

AdminSession::AdminSession(RightsNow rights, Parameters parameters)
    : rights_(std::move(rights)), parameters_(std::move(parameters)) {}

void AdminSession::on_frame(const protocol::Frame& frame, std::string& out) {
    if (!frame.first) return;  // the rest of what was refused
    const bool extended = frame.type != 'Q' && frame.type != 'F';
    if (skipping_ && frame.type != 'S') return;
    if (!frame.whole()) {
        fail(sqlstate::kProgramLimitExceeded,
             "The message is longer than limits.inspect_bytes; no command is.", out);
        if (!extended) send_ready(out);
        return;
    }
    switch (frame.type) {
        case 'Q': return query(frame.payload, out);
        case 'P': return parse(frame.payload, out);
        case 'B': return bind(frame.payload, out);
        case 'D': return describe(frame.payload, out);
        case 'E': return execute(frame.payload, out);
        case 'C': return close(frame.payload, out);
        case 'S': return sync(out);
        case 'F':
            fail(sqlstate::kFeatureNotSupported, "The admin console has no functions to call.",
                 out);
            skipping_ = false;
            return send_ready(out);
        default: return;  // Flush: nothing is kept back; COPY's: what is left of one never begun
    }
}

void AdminSession::fail(const LocalError& error, std::string& out) {
    protocol::append_error_response(out, error.fields());
    skipping_ = true;
}

void AdminSession::fail(std::string_view code, std::string message, std::string& out) {
    LocalError error;
    error.sqlstate = code;
    error.message = std::move(message);
    fail(error, out);
}

void AdminSession::send_notices(const Answer& answer, std::string& out) {
    for (const std::string& text : answer.notices) {
        protocol::ErrorFields fields;
        fields.severity = "NOTICE";
        fields.message = text;
        protocol::append_notice_response(out, fields);
    }
}

// ---- one command

std::optional<LocalError> AdminSession::refusal(const Command& command) const {
    const Rights rights = rights_();
    LocalError error;
    error.sqlstate = sqlstate::kInsufficientPrivilege;
    if (command.changes() && !rights.change) {
        error.message = command.tag + " is not allowed to this user.";
        error.hint =
            "admin.users lists who may; without it, the user of database_url may, from "
            "this machine.";
        return error;
    }
    if (command.shows() && !rights.show) {
        error.message = "SHOW is not allowed to this user.";
        error.hint = "admin.stats_users and admin.users list who may.";
        return error;
    }
    return std::nullopt;
}

std::optional<Answer> AdminSession::carry_out(const Command& command) {
    Answer answer;
    if (auto refused = refusal(command)) {
        answer.error = std::move(refused);
        return answer;
    }
    if (command.verb == Verb::Nothing) return answer;
    if (command.verb == Verb::SelectOne) {
        answer.rows.push_back({std::int64_t{1}});
        return answer;
    }
    if (command.verb == Verb::Show && command.subject == Subject::Help) {
        for (const HelpLine& line : help()) {
            answer.rows.push_back(
                {std::string(line.command), std::string(line.meaning),
                 std::string(line.changes ? "admin.users" : "admin.stats_users")});
        }
        return answer;
    }
    if (command.verb == Verb::Parameter) {
        const auto known = std::find_if(parameters_.begin(), parameters_.end(), [&](auto& p) {
            return std::equal(p.first.begin(), p.first.end(), command.name.begin(),
                              command.name.end(),
                              [](char a, char b) { return (a | 0x20) == (b | 0x20); });
        });
        if (known == parameters_.end()) {
            return Answer::refused(sqlstate::kFeatureNotSupported,
                                   "The admin console has nothing of that name to show.",
                                   "SHOW HELP lists the commands; SHOW CONFIG lists the settings.");
        }
        answer.rows.push_back({known->second});
        return answer;
    }
    asked_ = command;
    return std::nullopt;
}

void AdminSession::answered(Answer answer, std::string& out) {
    const Command command = *std::exchange(asked_, std::nullopt);
    if (Portal* portal = std::exchange(asking_portal_, nullptr)) {
        portal->answer = std::move(answer);
        return send_portal(*portal, out);
    }
    if (complete(command, answer, out)) return run_script(out);
    end_script(out);
}

bool AdminSession::complete(const Command& command, const Answer& answer, std::string& out) {
    send_notices(answer, out);
    if (answer.error) {
        fail(*answer.error, out);
        return false;
    }
    auto columns = columns_of(command);
    if (!columns.empty()) append_row_description(out, columns, {});
    for (const Row& row : answer.rows) append_row(out, row, {});
    protocol::append_command_complete(out, tag_of(command, answer.rows.size()));
    ++next_;
    return true;
}

// ---- simple protocol

void AdminSession::query(base::Bytes payload, std::string& out) {
    portals_.erase("");
    statements_.erase("");
    auto text = protocol::decode_query(payload);
    next_ = 0;
    script_.clear();
    if (!text) {
        fail(protocol::sqlstate_of(text.error()), text.error().message(), out);
    } else {
        script_ = parse_commands(*text);
        if (script_.empty()) protocol::append_empty_query_response(out);
    }
    run_script(out);
}

void AdminSession::run_script(std::string& out) {
    while (next_ < script_.size()) {
        const Statement& statement = script_[next_];
        if (!statement.command) {
            fail(statement.error, out);
            break;
        }
        auto answer = carry_out(*statement.command);
        if (!answer) return;  // answered() goes on
        if (!complete(*statement.command, *answer, out)) break;
    }
    end_script(out);
}

void AdminSession::end_script(std::string& out) {
    script_.clear();
    next_ = 0;
    skipping_ = false;
    send_ready(out);
}

// ---- extended protocol

void AdminSession::parse(base::Bytes payload, std::string& out) {
    auto view = protocol::decode_parse(payload);
    if (!view) return fail(protocol::sqlstate_of(view.error()), view.error().message(), out);
    auto statements = parse_commands(view->query);
    if (statements.size() > 1)
        return fail(sqlstate::kSyntaxError, "A prepared statement holds one command only.", out);
    if (!statements.empty() && !statements[0].command) return fail(statements[0].error, out);
    const std::string name(view->name);
    if (!name.empty() && statements_.contains(name)) {
        return fail(sqlstate::kDuplicateStatement,
                    "A prepared statement of that name exists already.", out);
    }
    if (statements_.size() >= kMaxNames)
        return fail(sqlstate::kConfigurationLimitExceeded, "Too many prepared statements.", out);
    Prepared prepared;
    if (!statements.empty()) prepared.command = std::move(statements[0].command);
    statements_.insert_or_assign(name, std::move(prepared));
    protocol::append_parse_complete(out);
}

void AdminSession::bind(base::Bytes payload, std::string& out) {
    auto view = protocol::decode_bind(payload);
    if (!view) return fail(protocol::sqlstate_of(view.error()), view.error().message(), out);
    auto found = statements_.find(view->statement);
    if (found == statements_.end())
        return fail(sqlstate::kInvalidStatementName, "No prepared statement of that name.", out);
    if (view->count != 0)
        return fail(sqlstate::kProtocolViolation, "Commands take no parameters.", out);
    Portal portal;
    portal.command = found->second.command;
    auto columns = portal.command ? columns_of(*portal.command) : std::span<const Column>();
    auto formats = result_formats(payload, columns.size());
    if (!formats) {
        return fail(sqlstate::kProtocolViolation,
                    "The result formats are not one for each column, or not text or binary.", out);
    }
    if (portals_.size() >= kMaxNames)
        return fail(sqlstate::kConfigurationLimitExceeded, "Too many portals.", out);
    portal.formats = std::move(*formats);
    portals_.insert_or_assign(std::string(view->portal), std::move(portal));
    protocol::append_bind_complete(out);
}

void AdminSession::describe(base::Bytes payload, std::string& out) {
    auto view = protocol::decode_target(payload);
    if (!view) return fail(protocol::sqlstate_of(view.error()), view.error().message(), out);
    const std::optional<Command>* command = nullptr;
    Formats formats;
    if (view->kind == protocol::TargetKind::Statement) {
        auto found = statements_.find(view->name);
        if (found == statements_.end()) {
            return fail(sqlstate::kInvalidStatementName, "No prepared statement of that name.",
                        out);
        }
        protocol::append_parameter_description(out, {});
        command = &found->second.command;
    } else {
        auto found = portals_.find(view->name);
        if (found == portals_.end())
            return fail(sqlstate::kInvalidCursorName, "No portal of that name.", out);
        command = &found->second.command;
        formats = found->second.formats;
    }
    auto columns = *command ? columns_of(**command) : std::span<const Column>();
    if (columns.empty()) return protocol::append_no_data(out);
    append_row_description(out, columns, formats);
}

void AdminSession::execute(base::Bytes payload, std::string& out) {
    auto view = protocol::decode_execute(payload);
    if (!view) return fail(protocol::sqlstate_of(view.error()), view.error().message(), out);
    auto found = portals_.find(view->portal);
    if (found == portals_.end())
        return fail(sqlstate::kInvalidCursorName, "No portal of that name.", out);
    Portal& portal = found->second;
    if (!portal.command) return protocol::append_empty_query_response(out);
    max_rows_ = view->max_rows;
    if (portal.executed) return send_portal(portal, out);
    portal.executed = true;
    auto answer = carry_out(*portal.command);
    if (!answer) {
        asking_portal_ = &portal;
        return;
    }
    portal.answer = std::move(*answer);
    send_portal(portal, out);
}

void AdminSession::send_portal(Portal& portal, std::string& out) {
    send_notices(portal.answer, out);
    portal.answer.notices.clear();
    if (portal.answer.error) return fail(*portal.answer.error, out);
    const auto& rows = portal.answer.rows;
    const std::size_t left = rows.size() - portal.sent;
    std::size_t now = left;
    if (max_rows_ > 0) now = std::min(left, static_cast<std::size_t>(max_rows_));
    for (std::size_t i = 0; i < now; ++i) append_row(out, rows[portal.sent++], portal.formats);
    if (now < left) return send_bare(protocol::kPortalSuspended, out);
    protocol::append_command_complete(out, tag_of(*portal.command, now));
}

void AdminSession::close(base::Bytes payload, std::string& out) {
    auto view = protocol::decode_target(payload);
    if (!view) return fail(protocol::sqlstate_of(view.error()), view.error().message(), out);
    if (view->kind == protocol::TargetKind::Statement) {
        if (auto found = statements_.find(view->name); found != statements_.end())
            statements_.erase(found);
    } else if (auto found = portals_.find(view->name); found != portals_.end()) {
        portals_.erase(found);
    }
    protocol::append_close_complete(out);
}

void AdminSession::sync(std::string& out) {
    skipping_ = false;
    portals_.clear();  // they end with the transaction that Sync closes
    send_ready(out);
}

}  // namespace pgsidecar::proxy::admin
