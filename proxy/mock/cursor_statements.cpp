#include <algorithm>
#include <limits>
#include <utility>

#include "protocol/messages/sqlstate.hpp"
#include "proxy/mock/executor.hpp"
#include "proxy/mock/text.hpp"

namespace pgsidecar::proxy::mock {
namespace {

namespace sqlstate = protocol::sqlstate;

Result declare(Connection& connection, std::string_view statement) {
    Tokens tokens(statement, connection.backslash());
    tokens.next();
    std::string name = tokens.take_name();
    Portal portal;
    bool with = false;
    while (!tokens.at_end() && !tokens.skip("for")) {
        if (tokens.at("binary")) portal.formats = {Format::Binary};
        if (tokens.at("hold")) portal.holds = with;
        with = tokens.at("with");
        tokens.next();
    }
    if (connection.transaction.idle() && !portal.holds) {
        return make_error(sqlstate::kNoActiveTransaction,
                          "DECLARE CURSOR can only be used in transaction blocks");
    }
    if (connection.kept.portals.contains(name))
        return make_error("42P03", "cursor \"" + name + "\" already exists");
    auto at = static_cast<std::size_t>(tokens.peek().begin - statement.data());
    auto prepared = std::make_shared<Prepared>();
    prepared->text = statement.substr(std::min(at, statement.size()));
    portal.statement = std::move(prepared);
    portal.result =
        run_statement(connection, portal.statement->text, portal.statement->parameter_types, {});
    if (portal.result->error) return std::move(*portal.result);
    if (!connection.kept.has_room(portal.bytes()))
        return make_error(sqlstate::kOutOfMemory, "too many cursors for mode mock");
    connection.kept.portals[name] = std::move(portal);
    return make_done("DECLARE CURSOR");
}

/// How many rows FETCH and MOVE ask for; the cursor's name is the last token. Backward: none.
std::size_t count_of(Tokens tokens, std::string& name) {
    std::size_t count = 1;
    while (!tokens.at_end()) {
        const sql::Token token = tokens.next();
        if (is_word(token, "all")) count = std::numeric_limits<std::size_t>::max();
        if (is_word(token, "backward") || is_word(token, "prior") || is_word(token, "first") ||
            is_word(token, "absolute")) {
            count = 0;
        }
        if (token.kind == sql::TokenKind::Integer && count == 1)
            count = static_cast<std::size_t>(
                std::max<std::int64_t>(integer_of(token.text()).value_or(1), 0));
        if (is_name(token)) name = name_in(token);
    }
    return count;
}

Result fetch(Connection& connection, std::string_view statement, bool moves, bool describing) {
    Tokens tokens(statement, connection.backslash());
    tokens.next();
    std::string name;
    std::size_t count = count_of(tokens, name);
    auto it = connection.kept.portals.find(name);
    if (it == connection.kept.portals.end() || !it->second.result)
        return make_error(sqlstate::kInvalidCursorName, "cursor \"" + name + "\" does not exist");
    Portal& portal = it->second;
    std::size_t taken = std::min(count, portal.result->rows.size() - portal.next_row);
    Result result = make_done(moves ? "MOVE " + std::to_string(taken) : "FETCH");
    if (!moves) {
        result.has_rows = result.counts_rows = true;
        result.columns = portal.result->columns;
    }
    if (describing) return result;
    auto first = portal.result->rows.begin() + static_cast<std::ptrdiff_t>(portal.next_row);
    if (!moves) result.rows.assign(first, first + static_cast<std::ptrdiff_t>(taken));
    portal.next_row += taken;
    return result;
}

Result close(Connection& connection, std::string_view statement) {
    Tokens tokens(statement, connection.backslash());
    tokens.next();
    auto& portals = connection.kept.portals;
    if (tokens.at("all")) {
        portals.clear();
        return make_done("CLOSE CURSOR ALL");
    }
    std::string name = tokens.take_name();
    if (portals.erase(name) > 0) return make_done("CLOSE CURSOR");
    return make_error(sqlstate::kInvalidCursorName, "cursor \"" + name + "\" does not exist");
}

}  // namespace

Result run_cursor(Connection& connection, std::string_view statement, const Outline& outline,
                  bool describing) {
    const std::string& verb = outline.head[0];
    if (verb == "fetch" || verb == "move")
        return fetch(connection, statement, verb == "move", describing);
    if (describing) return make_done("");
    return verb == "declare" ? declare(connection, statement) : close(connection, statement);
}

}  // namespace pgsidecar::proxy::mock
