#include <algorithm>
#include <utility>

#include "protocol/messages/sqlstate.hpp"
#include "proxy/mock/executor.hpp"
#include "proxy/mock/text.hpp"

namespace pgsidecar::proxy::mock {
namespace {

using sql::Token;
using sql::TokenKind;

std::string take_dotted(Tokens& tokens) {
    std::string name;
    while (is_name(tokens.peek())) {
        name += name_in(tokens.next());
        if (!tokens.skip(TokenKind::Dot)) break;
        name += '.';
    }
    return name;
}

/// The setting that a name of more than one word stands for; moves behind it.
std::string take_setting(Tokens& tokens) {
    if (tokens.at("time")) {
        tokens.next();
        tokens.skip("zone");
        return "timezone";
    }
    if (tokens.at("session")) {
        tokens.next();
        tokens.skip("authorization");
        return "session_authorization";
    }
    if (tokens.at("transaction")) {
        tokens.next();
        tokens.skip("isolation");
        tokens.skip("level");
        return "transaction_isolation";
    }
    if (tokens.at("names")) {
        tokens.next();
        return "client_encoding";
    }
    return take_dotted(tokens);
}

bool is_plain_name(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    });
}

/// "a, 'b', 3" as SHOW would tell it.
std::string take_values(Tokens& tokens) {
    std::string out;
    while (!tokens.at_end()) {
        const Token token = tokens.next();
        switch (token.kind) {
            case TokenKind::Comma: out += ", "; break;
            case TokenKind::String:
            case TokenKind::UnicodeString: out += string_in(token, tokens.backslash()); break;
            case TokenKind::Name: {
                std::string name = name_in(token);
                out += is_plain_name(name) ? name : std::string(token.text());
                break;
            }
            case TokenKind::Word: out += lower(token.text()); break;
            default: out += token.text();
        }
    }
    return out;
}

Result no_room() {
    return make_error(protocol::sqlstate::kOutOfMemory,
                      "too many or too long settings for mode mock");
}

Result set(Connection& connection, std::string_view statement) {
    Tokens tokens(statement, connection.backslash());
    tokens.next();
    if (tokens.at("constraints")) return make_done("SET CONSTRAINTS");
    bool local = tokens.skip("local");
    Tokens ahead = tokens;
    ahead.next();
    bool scope = tokens.at("session") && !ahead.at("authorization");
    if (scope) tokens.next();
    if (scope && tokens.skip("characteristics")) {
        apply_transaction_modes(connection, tokens, "default_transaction_");
        return make_done("SET");
    }
    if (tokens.skip("transaction")) {
        if (!connection.transaction.idle())
            apply_transaction_modes(connection, tokens, "transaction_");
        return make_done("SET");
    }
    std::string name = take_setting(tokens);
    if (!tokens.skip("to") && tokens.at_operator("=")) tokens.next();
    Result result = make_done("SET");
    if (tokens.at("default")) {
        connection.gucs.reset(name);
    } else if (!connection.gucs.set(name, take_values(tokens), local)) {
        return no_room();
    }
    if (local && connection.transaction.idle()) {
        result.notices.push_back(make_warning(protocol::sqlstate::kNoActiveTransaction,
                                              "SET LOCAL can only be used in transaction blocks"));
    }
    return result;
}

Result reset(Connection& connection, std::string_view statement) {
    Tokens tokens(statement, connection.backslash());
    tokens.next();
    if (tokens.at("all")) {
        connection.gucs.reset_all();
    } else {
        connection.gucs.reset(take_setting(tokens));
    }
    return make_done("RESET");
}

Value text(std::string content) {
    Value value;
    value.text = std::move(content);
    return value;
}

Result show(Connection& connection, std::string_view statement) {
    Tokens tokens(statement, connection.backslash());
    tokens.next();
    Result result = make_done("SHOW");
    result.has_rows = true;
    if (tokens.at("all")) {
        result.columns = {{"name"}, {"setting"}, {"description"}};
        for (auto& [name, value] : connection.gucs.all())
            result.rows.push_back({text(name), text(value), text("")});
        return result;
    }
    std::string name = take_setting(tokens);
    result.columns = {{name == "timezone" ? "TimeZone" : name}};
    result.rows.push_back({text(connection.gucs.get(name).value_or(""))});
    return result;
}

}  // namespace

Result run_setting(Connection& connection, std::string_view statement, const Outline& outline) {
    if (outline.head[0] == "show") return show(connection, statement);
    if (outline.head[0] == "reset") return reset(connection, statement);
    return set(connection, statement);
}

}  // namespace pgsidecar::proxy::mock
