#include <algorithm>
#include <optional>
#include <utility>

#include "protocol/messages/backend_encode.hpp"
#include "protocol/messages/frontend_decode.hpp"
#include "protocol/messages/message_types.hpp"
#include "protocol/messages/sqlstate.hpp"
#include "proxy/mock/bind_message.hpp"
#include "proxy/mock/executor.hpp"
#include "proxy/mock/mock_server.hpp"
#include "proxy/mock/mock_server_state.hpp"
#include "proxy/mock/parameters.hpp"
#include "proxy/mock/reply_writer.hpp"

/// MockServer's extended protocol (manual, "Extended Query").
namespace pgsidecar::proxy::mock {

namespace sqlstate = protocol::sqlstate;

namespace {

std::string quoted(std::string_view name) { return "\"" + std::string(name.substr(0, 64)) + "\""; }

}  // namespace

void MockServer::on_parse(base::Bytes payload, std::string& out) {
    auto parse = protocol::decode_parse(payload);
    if (!parse) return fail(sqlstate::kProtocolViolation, "invalid Parse message", out);
    auto& kept = connection_.kept;
    const std::string name(parse->name);
    if (!name.empty() && kept.statements.contains(name)) {
        return fail(sqlstate::kDuplicateStatement,
                    "prepared statement " + quoted(name) + " already exists", out);
    }
    const sql::Backslash backslash = connection_.backslash();
    StatementSplitter splitter(parse->query, backslash);
    auto statement = splitter.next();
    if (statement && splitter.next()) {
        return fail(sqlstate::kSyntaxError,
                    "cannot insert multiple commands into a prepared statement", out);
    }
    if (statement) {
        if (auto refusal = check_.refusal(*statement, backslash)) return fail(*refusal, out);
    }
    auto prepared = std::make_shared<Prepared>();
    prepared->text = statement.value_or("");
    std::vector<Oid> given;
    for (std::size_t i = 0; i < parse->param_count; ++i)
        given.push_back(base::load_be32(parse->param_types.data() + 4 * i));
    prepared->parameter_types =
        parameter_types_of(prepared->text, std::move(given), connection_.tables, backslash);
    kept.statements.erase(name);
    if (!kept.has_room(prepared->text.size()))
        return fail(sqlstate::kOutOfMemory, "too many prepared statements for mode mock", out);
    kept.statements[name] = std::move(prepared);
    append_bare(out, protocol::kParseComplete);
}

void MockServer::on_bind(base::Bytes payload, std::string& out) {
    auto bind = decode_bind(payload);
    if (!bind) return fail(sqlstate::kProtocolViolation, "invalid Bind message", out);
    auto& kept = connection_.kept;
    auto it = kept.statements.find(bind->statement);
    if (it == kept.statements.end()) {
        return fail(sqlstate::kInvalidStatementName,
                    "prepared statement " + quoted(bind->statement) + " does not exist", out);
    }
    PreparedPtr prepared = it->second;
    if (bind->values.size() != prepared->parameter_types.size()) {
        return fail(sqlstate::kProtocolViolation,
                    "bind message supplies " + std::to_string(bind->values.size()) +
                        " parameters, but prepared statement " + quoted(bind->statement) +
                        " requires " + std::to_string(prepared->parameter_types.size()),
                    out);
    }
    const std::string name(bind->portal);
    if (!name.empty() && kept.portals.contains(name)) {
        return fail("42P03", "cursor " + quoted(name) + " already exists", out);
    }
    Portal portal;
    portal.statement = prepared;
    portal.formats = std::move(bind->result_formats);
    for (std::size_t i = 0; i < bind->values.size(); ++i) {
        Oid type = prepared->parameter_types[i];
        Value null;
        null.type = type;
        const auto& given = bind->values[i];
        portal.parameters.push_back(given ? decode_value(type, bind->format(i), *given) : null);
    }
    kept.portals.erase(name);
    if (!kept.has_room(portal.bytes()))
        return fail(sqlstate::kOutOfMemory, "too many portals for mode mock", out);
    kept.portals[name] = std::move(portal);
    append_bare(out, protocol::kBindComplete);
}

void MockServer::on_describe(base::Bytes payload, std::string& out) {
    auto target = protocol::decode_target(payload);
    if (!target) return fail(sqlstate::kProtocolViolation, "invalid Describe message", out);
    if (target->kind == protocol::TargetKind::Statement)
        return describe_statement_named(target->name, out);
    auto it = connection_.kept.portals.find(target->name);
    if (it == connection_.kept.portals.end()) {
        return fail(sqlstate::kInvalidCursorName,
                    "portal " + quoted(target->name) + " does not exist", out);
    }
    const Portal& portal = it->second;
    Result result = portal.result ? Result{.has_rows = portal.result->has_rows,
                                           .columns = portal.result->columns}
                                  : describe_statement(connection_, portal.statement->text,
                                                       portal.statement->parameter_types);
    if (result.error) return fail(*result.error, out);
    if (!result.has_rows) return append_bare(out, protocol::kNoData);
    append_row_description(out, result.columns, &portal);
}

void MockServer::describe_statement_named(std::string_view name, std::string& out) {
    auto it = connection_.kept.statements.find(name);
    if (it == connection_.kept.statements.end()) {
        return fail(sqlstate::kInvalidStatementName,
                    "prepared statement " + quoted(name) + " does not exist", out);
    }
    PreparedPtr prepared = it->second;
    Result result = describe_statement(connection_, prepared->text, prepared->parameter_types);
    if (result.error) return fail(*result.error, out);
    append_parameter_description(out, prepared->parameter_types);
    if (!result.has_rows) return append_bare(out, protocol::kNoData);
    append_row_description(out, result.columns, nullptr);
}

void MockServer::on_execute(base::Bytes payload, std::string& out) {
    auto execute = protocol::decode_execute(payload);
    if (!execute) return fail(sqlstate::kProtocolViolation, "invalid Execute message", out);
    auto& kept = connection_.kept;
    auto it = kept.portals.find(execute->portal);
    if (it == kept.portals.end()) {
        return fail(sqlstate::kInvalidCursorName,
                    "portal " + quoted(execute->portal) + " does not exist", out);
    }
    if (it->second.statement->text.empty()) return protocol::append_empty_query_response(out);
    if (it->second.result) return send_portal(it->second, execute->max_rows, out);
    // The statement may close the portal that it runs from.
    const Portal portal = it->second;
    const std::string name = it->first;
    Result result = run_statement(connection_, portal.statement->text,
                                  portal.statement->parameter_types, portal.parameters);
    append_notices(out, result.notices);
    if (result.error) return fail(*result.error, out);
    if (result.copy == Result::Copy::In) return begin_copy(result, out);
    if (result.copy == Result::Copy::Out) return end_copy_out(result, out);
    it = kept.portals.find(name);
    if (it == kept.portals.end()) return protocol::append_command_complete(out, result.tag);
    it->second.result = std::move(result);
    send_portal(it->second, execute->max_rows, out);
}

void MockServer::send_portal(Portal& portal, std::int32_t max_rows, std::string& out) {
    Result& result = *portal.result;
    if (portal.ended && !result.has_rows) {
        return fail(sqlstate::kObjectNotInPrerequisiteState, "portal cannot be run", out);
    }
    std::size_t left = result.rows.size() - portal.next_row;
    bool limited = max_rows > 0 && left >= static_cast<std::size_t>(max_rows);
    std::size_t count = limited ? static_cast<std::size_t>(max_rows) : left;
    for (std::size_t i = 0; i < count; ++i)
        append_data_row(out, result.rows[portal.next_row + i], &portal);
    portal.next_row += count;
    if (limited) {
        if (connection_.kept.has_room(0)) return append_bare(out, protocol::kPortalSuspended);
        return fail(sqlstate::kOutOfMemory, "too many open portals for mode mock", out);
    }
    portal.ended = true;
    std::string tag = result.tag;
    if (result.counts_rows) tag += ' ' + std::to_string(count);
    result.rows.clear();
    portal.next_row = 0;
    protocol::append_command_complete(out, tag);
}

void MockServer::on_close(base::Bytes payload, std::string& out) {
    auto target = protocol::decode_target(payload);
    if (!target) return fail(sqlstate::kProtocolViolation, "invalid Close message", out);
    const std::string name(target->name);
    if (target->kind == protocol::TargetKind::Statement) {
        connection_.kept.statements.erase(name);
    } else {
        connection_.kept.portals.erase(name);
    }
    append_bare(out, protocol::kCloseComplete);
}

}  // namespace pgsidecar::proxy::mock
