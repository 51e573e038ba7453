#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "protocol/messages/sqlstate.hpp"
#include "proxy/mock/command_tag.hpp"
#include "proxy/mock/executor.hpp"
#include "proxy/mock/text.hpp"

namespace pgsidecar::proxy::mock {
namespace {

namespace sqlstate = protocol::sqlstate;
using sql::TokenKind;

/// The words before and behind "..." of a list that has them.
bool has_word(const Outline& outline, std::string_view word) {
    return std::find(outline.head.begin(), outline.head.end(), word) != outline.head.end();
}

std::string word_at(const Outline& outline, std::size_t index) {
    return index < outline.head.size() ? outline.head[index] : std::string();
}

// ---- transactions

Result begin(Connection& connection, std::string_view statement, const std::string& tag) {
    Result result = make_done(tag);
    Tokens tokens(statement, connection.backslash());
    tokens.next();
    if (!connection.transaction.idle()) {
        result.notices.push_back(
            make_warning("25001", "there is already a transaction in progress"));
        return result;
    }
    connection.transaction.begin();
    if (!tokens.skip("transaction")) tokens.skip("work");
    apply_transaction_modes(connection, tokens, "transaction_");
    return result;
}

void warn_if_idle(const Connection& connection, Result& result) {
    if (connection.transaction.idle()) {
        result.notices.push_back(
            make_warning(sqlstate::kNoActiveTransaction, "there is no transaction in progress"));
    }
}

Result commit(Connection& connection, bool chain) {
    Result result = make_done("COMMIT");
    warn_if_idle(connection, result);
    bool block = !connection.transaction.idle();
    if (!connection.transaction.commit()) result.tag = "ROLLBACK";
    connection.kept.transaction_over();
    if (chain && block) connection.transaction.begin();
    return result;
}

Result rollback(Connection& connection, bool chain) {
    Result result = make_done("ROLLBACK");
    warn_if_idle(connection, result);
    bool block = !connection.transaction.idle();
    connection.transaction.rollback();
    connection.kept.transaction_over();
    if (chain && block) connection.transaction.begin();
    return result;
}

Result only_in_block(std::string_view command) {
    return make_error(sqlstate::kNoActiveTransaction,
                      std::string(command) + " can only be used in transaction blocks");
}

/// SAVEPOINT, RELEASE and ROLLBACK TO: the name is the last token.
Result savepoint(Connection& connection, std::string_view statement, const std::string& verb) {
    Tokens tokens(statement, connection.backslash());
    std::string name;
    while (!tokens.at_end()) {
        const sql::Token token = tokens.next();
        if (is_name(token)) name = name_in(token);
    }
    auto& transaction = connection.transaction;
    if (transaction.idle()) {
        return only_in_block(verb == "savepoint" ? "SAVEPOINT"
                             : verb == "release" ? "RELEASE SAVEPOINT"
                                                 : "ROLLBACK TO SAVEPOINT");
    }
    if (verb == "savepoint") {
        if (transaction.savepoint(name)) return make_done("SAVEPOINT");
        return make_error(sqlstate::kProgramLimitExceeded, "too many savepoints for mode mock");
    }
    bool found = verb == "release" ? transaction.release(name) : transaction.rollback_to(name);
    if (!found) return make_error("3B001", "savepoint \"" + name + "\" does not exist");
    return make_done(verb == "release" ? "RELEASE" : "ROLLBACK");
}

// ---- SQL-level prepared statements

Result prepare(Connection& connection, std::string_view statement) {
    Tokens tokens(statement, connection.backslash());
    tokens.next();
    std::string name = tokens.take_name();
    std::vector<Oid> types;
    if (tokens.at(TokenKind::Open)) {
        auto list = split_list(tokens.skip_group(), connection.backslash());
        for (std::string_view entry : list.value_or(std::vector<std::string_view>{})) {
            Tokens type(entry, connection.backslash());
            types.push_back(take_type(type));
        }
    }
    tokens.skip("as");
    auto& kept = connection.kept;
    if (kept.statements.contains(name)) {
        return make_error(sqlstate::kDuplicateStatement,
                          "prepared statement \"" + name + "\" already exists");
    }
    auto at = static_cast<std::size_t>(tokens.peek().begin - statement.data());
    auto prepared = std::make_shared<Prepared>();
    prepared->text = statement.substr(std::min(at, statement.size()));
    prepared->parameter_types = std::move(types);
    if (!kept.has_room(prepared->text.size()))
        return make_error(sqlstate::kOutOfMemory, "too many prepared statements for mode mock");
    kept.statements[name] = std::move(prepared);
    return make_done("PREPARE");
}

Result execute(Connection& connection, std::string_view statement, bool describing) {
    Tokens tokens(statement, connection.backslash());
    tokens.next();
    std::string name = tokens.take_name();
    auto it = connection.kept.statements.find(name);
    if (it == connection.kept.statements.end()) {
        return make_error(sqlstate::kInvalidStatementName,
                          "prepared statement \"" + name + "\" does not exist");
    }
    PreparedPtr prepared = it->second;
    // Only these can be prepared; what is more complex than that was not parsed at PREPARE.
    if (outline_of(prepared->text, connection.backslash()).verb == Outline::Verb::Other)
        return make_done("EXECUTE");
    if (describing)
        return describe_statement(connection, prepared->text, prepared->parameter_types);
    std::vector<Value> parameters;
    if (tokens.at(TokenKind::Open)) {
        Scene::Budget budget{kMaxResultBytes};
        Scene scene{.user = connection.user,
                    .database = connection.database,
                    .pid = connection.pid,
                    .wall_us = connection.wall_us,
                    .gucs = connection.gucs,
                    .entropy = connection.entropy,
                    .sequences = connection.sequences,
                    .budget = budget};
        auto list = split_list(tokens.skip_group(), connection.backslash());
        for (std::string_view entry : list.value_or(std::vector<std::string_view>{}))
            parameters.push_back(evaluate(entry, scene).value);
    }
    return run_statement(connection, prepared->text, prepared->parameter_types, parameters);
}

Result deallocate(Connection& connection, std::string_view statement, const Outline& outline) {
    auto& statements = connection.kept.statements;
    if (has_word(outline, "all")) {
        statements.clear();
        return make_done("DEALLOCATE ALL");
    }
    Tokens tokens(statement, connection.backslash());
    tokens.next();
    tokens.skip("prepare");
    std::string name = tokens.take_name();
    if (statements.erase(name) > 0) return make_done("DEALLOCATE");
    return make_error(sqlstate::kInvalidStatementName,
                      "prepared statement \"" + name + "\" does not exist");
}

// ---- the rest

Result discard(Connection& connection, const Outline& outline) {
    if (word_at(outline, 1) == "all") {
        if (!connection.transaction.idle())
            return make_error("25001", "DISCARD ALL cannot run inside a transaction block");
        connection.gucs.reset_all();
        connection.kept.statements.clear();
        connection.kept.portals.clear();
        connection.sequences.clear();
    }
    return make_done(command_tag_of(outline.head));
}

Result explain(const Outline& outline, std::string_view statement, sql::Backslash backslash) {
    Tokens tokens(statement, backslash);
    tokens.next();
    std::string options = tokens.at(TokenKind::Open) ? lower(tokens.skip_group()) : "";
    bool json = options.find("json") != std::string::npos;
    Result result = make_done(command_tag_of(outline.head));
    result.has_rows = true;
    result.columns = {{"QUERY PLAN", json ? oid::kJson : oid::kText}};
    Value plan{result.columns[0].type, {}, {}};
    plan.text = json ? R"([{"Plan": {"Node Type": "Result", "Plan Rows": 0}}])"
                     : "Result  (cost=0.00..0.00 rows=0 width=0)";
    result.rows.push_back({plan});
    return result;
}

/// COPY t (a, b) FROM STDIN, COPY (query) TO STDOUT, and their options in both spellings.
Result copy(Connection& connection, std::string_view statement) {
    Tokens tokens(statement, connection.backslash());
    tokens.next();
    Result result = make_done("COPY 0");
    result.copy_binary = tokens.skip("binary");
    if (tokens.at(TokenKind::Open)) {
        tokens.skip_group();
    } else if (TablePtr table = connection.tables.find(tokens.take_name())) {
        result.copy_columns = table->size();
    }
    if (tokens.at(TokenKind::Open)) {
        auto columns = split_list(tokens.skip_group(), connection.backslash());
        result.copy_columns = columns ? columns->size() : 0;
    }
    bool from = tokens.at("from");
    tokens.next();
    bool over_the_wire = tokens.at("stdin") || tokens.at("stdout");
    if (over_the_wire) result.copy = from ? Result::Copy::In : Result::Copy::Out;
    while (!tokens.at_end()) {
        const sql::Token token = tokens.next();
        std::string word = token.kind == TokenKind::String
                               ? lower(string_in(token, connection.backslash()))
                               : lower(token.text());
        if (word == "binary") result.copy_binary = true;
        if (word == "csv") result.copy_csv = true;
        if (word == "header" && !tokens.at("false") && !tokens.at("off")) result.copy_header = true;
    }
    return result;
}

}  // namespace

void apply_transaction_modes(Connection& connection, Tokens& tokens, std::string_view prefix) {
    bool local = prefix == "transaction_";
    auto set = [&](std::string_view name, std::string_view value) {
        connection.gucs.set(std::string(prefix) + std::string(name), value, local);
    };
    while (!tokens.at_end()) {
        if (tokens.skip("isolation")) {
            tokens.skip("level");
            std::string level = lower(tokens.next().text());
            if (level != "serializable") level += ' ' + lower(tokens.next().text());
            set("isolation", level);
        } else if (tokens.skip("read")) {
            set("read_only", tokens.at("only") ? "on" : "off");
            tokens.next();
        } else {
            tokens.next();
        }
    }
}

Result run_utility(Connection& connection, std::string_view statement, const Outline& outline,
                   bool describing) {
    const std::string verb = word_at(outline, 0), second = word_at(outline, 1);
    if (verb == "explain") return explain(outline, statement, connection.backslash());
    if (verb == "execute") return execute(connection, statement, describing);
    if (verb == "show") return run_setting(connection, statement, outline);
    if (verb == "declare" || verb == "fetch" || verb == "move" || verb == "close")
        return run_cursor(connection, statement, outline, describing);
    if (describing) return make_done(command_tag_of(outline.head));
    bool chain = has_word(outline, "chain") && !has_word(outline, "no");
    if (verb == "begin") return begin(connection, statement, "BEGIN");
    if (verb == "start") return begin(connection, statement, "START TRANSACTION");
    if (verb == "commit" || verb == "end" || verb == "rollback" || verb == "abort") {
        if (second == "prepared")
            return make_done(verb == "commit" ? "COMMIT PREPARED" : "ROLLBACK PREPARED");
        if (has_word(outline, "to")) return savepoint(connection, statement, verb);
        bool commits = verb == "commit" || verb == "end";
        return commits ? commit(connection, chain) : rollback(connection, chain);
    }
    if (verb == "savepoint" || verb == "release") return savepoint(connection, statement, verb);
    if (verb == "prepare" && second == "transaction") {
        Result result = commit(connection, false);
        if (result.tag == "COMMIT") result.tag = "PREPARE TRANSACTION";
        return result;
    }
    if (verb == "prepare") return prepare(connection, statement);
    if (verb == "deallocate") return deallocate(connection, statement, outline);
    if (verb == "set" || verb == "reset") return run_setting(connection, statement, outline);
    if (verb == "discard") return discard(connection, outline);
    if (verb == "copy") return copy(connection, statement);
    if (verb == "create" || verb == "alter" || verb == "drop")
        connection.tables.learn(statement, connection.backslash());
    bool query = verb == "create" && has_word(outline, "as") &&
                 (has_word(outline, "table") || has_word(outline, "materialized"));
    if (query) return make_done("SELECT 0");
    return make_done(command_tag_of(outline.head));
}

}  // namespace pgsidecar::proxy::mock
