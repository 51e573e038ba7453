#include "proxy/admin/command.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "protocol/messages/sqlstate.hpp"
#include "proxy/admin/tokens.hpp"

namespace pgsidecar::proxy::admin {
namespace {

using Kind = Token::Kind;
using Tokens = std::span<const Token>;

constexpr std::array<std::pair<std::string_view, Subject>, 12> kSubjects{{
    {"pools", Subject::Pools},
    {"clients", Subject::Clients},
    {"servers", Subject::Servers},
    {"stats", Subject::Stats},
    {"databases", Subject::Databases},
    {"config", Subject::Config},
    {"version", Subject::Version},
    {"prepared", Subject::Prepared},
    {"pins", Subject::Pins},
    {"operations", Subject::Operations},
    {"queue", Subject::Queue},
    {"help", Subject::Help},
}};

/// What drivers say by themselves around a statement, and the tag that they expect.
constexpr std::array<std::pair<std::string_view, std::string_view>, 10> kWithoutEffect{{
    {"set", "SET"},
    {"reset", "RESET"},
    {"begin", "BEGIN"},
    {"start", "START TRANSACTION"},
    {"commit", "COMMIT"},
    {"end", "COMMIT"},
    {"rollback", "ROLLBACK"},
    {"abort", "ROLLBACK"},
    {"discard", "DISCARD"},
    {"deallocate", "DEALLOCATE"},
}};

Statement refused(std::string_view sqlstate, std::string message, std::string hint) {
    Statement statement;
    statement.error.sqlstate = sqlstate;
    statement.error.message = std::move(message);
    statement.error.hint = std::move(hint);
    return statement;
}

Statement syntax(std::string message) {
    return refused(protocol::sqlstate::kSyntaxError, std::move(message),
                   "SHOW HELP lists the commands.");
}

Statement done(Verb verb, std::string_view tag) {
    Statement statement;
    statement.command.emplace();
    statement.command->verb = verb;
    statement.command->tag = tag;
    return statement;
}

bool is_name(const Token& token) { return token.kind == Kind::Word || token.kind == Kind::Name; }

Statement show(Tokens rest) {
    if (rest.size() == 2 && rest[0].is("all")) rest = rest.subspan(1);
    if (rest.size() != 1 || !is_name(rest[0])) return syntax("SHOW takes one word.");
    const auto* subject = std::find_if(kSubjects.begin(), kSubjects.end(), [&](const auto& known) {
        return known.first == rest[0].text;
    });
    Statement statement = done(Verb::Show, "SHOW");
    if (subject != kSubjects.end()) {
        statement.command->subject = subject->second;
    } else {
        statement.command->verb = Verb::Parameter;
        statement.command->name = rest[0].text;
    }
    return statement;
}

Statement for_database(Verb verb, std::string_view tag, Tokens rest) {
    Statement statement = done(verb, tag);
    if (rest.empty()) return statement;
    if (rest.size() > 1 || !is_name(rest[0]) || rest[0].text.empty()) {
        return syntax(std::string(tag) +
                      " takes the name of one database, in double quotes when it has other signs "
                      "than small letters, digits and _, or nothing.");
    }
    statement.command->name = rest[0].text;
    return statement;
}

Statement kill(Tokens rest) {
    if (!rest.empty() && rest[0].is("client")) rest = rest.subspan(1);
    Statement statement = done(Verb::Kill, "KILL");
    if (rest.size() == 1 && rest[0].kind == Kind::Number) {
        const std::string& text = rest[0].text;
        auto [end, error] =
            std::from_chars(text.data(), text.data() + text.size(), statement.command->client);
        if (error == std::errc()) return statement;
    }
    return syntax("KILL takes the id of one client, as SHOW CLIENTS lists it.");
}

Statement parse_one(Tokens tokens) {
    const bool unfinished = std::any_of(tokens.begin(), tokens.end(), [](const Token& token) {
        return token.kind == Kind::Unfinished;
    });
    if (unfinished) return syntax("A quote or a comment is not closed.");
    const Token& first = tokens[0];
    const Tokens rest = tokens.subspan(1);
    if (first.is("show")) return show(rest);
    if (first.is("pause")) return for_database(Verb::Pause, "PAUSE", rest);
    if (first.is("resume")) return for_database(Verb::Resume, "RESUME", rest);
    if (first.is("reconnect")) return for_database(Verb::Reconnect, "RECONNECT", rest);
    if (first.is("kill") || first.is("kill_client")) return kill(rest);
    if (first.is("reload"))
        return rest.empty() ? done(Verb::Reload, "RELOAD") : syntax("RELOAD takes nothing.");
    if (first.is("select") && rest.size() == 1 && rest[0].kind == Kind::Number &&
        rest[0].text == "1")
        return done(Verb::SelectOne, "SELECT 1");
    if (first.is("shutdown")) {
        return refused(protocol::sqlstate::kFeatureNotSupported,
                       "The sidecar is not stopped from its console.",
                       "Send SIGTERM to its process: clients may finish their transactions first.");
    }
    for (const auto& [word, tag] : kWithoutEffect) {
        if (first.is(word)) return done(Verb::Nothing, tag);
    }
    return refused(protocol::sqlstate::kFeatureNotSupported,
                   "This is pgsidecar's admin console, which does not know that command.",
                   "SHOW HELP lists the commands; SQL goes to another database than this one.");
}

}  // namespace

std::vector<Statement> parse_commands(std::string_view text) {
    std::vector<Statement> statements;
    for (const auto& tokens : split_statements(text)) statements.push_back(parse_one(tokens));
    return statements;
}

}  // namespace pgsidecar::proxy::admin
