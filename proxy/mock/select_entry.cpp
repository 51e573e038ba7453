#include <algorithm>
#include <array>
#include <optional>
#include <span>

#include "proxy/mock/expression.hpp"
#include "proxy/mock/text.hpp"

/// An entry of a select list with its alias, and the names of types.
namespace pgsidecar::proxy::mock {
namespace {

using sql::Token;
using sql::TokenKind;

bool is_one_of(const Token& token, std::span<const std::string_view> words) {
    return std::any_of(words.begin(), words.end(),
                       [&](std::string_view word) { return is_word(token, word); });
}

/// Words that end an expression and cannot be an alias behind it.
constexpr std::array<std::string_view, 22> kNoAlias = {
    "null", "true", "false", "end",  "zone",   "precision", "varying", "unknown",
    "day",  "year", "month", "hour", "minute", "second",    "not",     "is",
    "and",  "or",   "in",    "like", "from",   "default"};
/// Words that an alias cannot follow directly: an operand is due.
constexpr std::array<std::string_view, 16> kWantsOperand = {
    "not",  "is",   "and",  "or",      "in",       "like", "ilike",     "between",
    "when", "then", "else", "collate", "interval", "date", "timestamp", "from"};

struct Split {
    std::string_view expression;
    std::optional<std::string> alias;
};

Split split_alias(std::string_view entry, sql::Backslash backslash) {
    Tokens tokens(entry, backslash);
    Token before{}, previous{}, last{};
    while (!tokens.at_end()) {
        before = previous;
        previous = last;
        if (tokens.at(TokenKind::Open) || tokens.at(TokenKind::BracketOpen)) {
            last = tokens.peek();
            tokens.skip_group();
            last.kind = TokenKind::Close;
        } else {
            last = tokens.next();
        }
    }
    auto upto = [&](const Token& token) {
        return entry.substr(0, static_cast<std::size_t>(token.begin - entry.data()));
    };
    if (!is_name(last) || previous.kind == TokenKind::End) return {entry, std::nullopt};
    if (is_word(previous, "as") && before.kind != TokenKind::End)
        return {upto(previous), name_in(last)};
    bool after_value = previous.kind == TokenKind::Close || previous.kind == TokenKind::String ||
                       previous.kind == TokenKind::Integer || previous.kind == TokenKind::Decimal ||
                       previous.kind == TokenKind::Param || previous.kind == TokenKind::Name ||
                       (previous.kind == TokenKind::Word && !is_one_of(previous, kWantsOperand));
    if (!after_value || is_one_of(last, kNoAlias)) return {entry, std::nullopt};
    return {upto(last), name_in(last)};
}

}  // namespace

Oid take_type(Tokens& tokens) {
    if (!is_name(tokens.peek())) return oid::kText;
    bool quoted = tokens.at(TokenKind::Name);
    std::string name = tokens.take_name();
    if (name == "double" && tokens.skip("precision")) name += " precision";
    if ((name == "character" || name == "bit") && tokens.skip("varying")) name += " varying";
    if (tokens.at(TokenKind::Open)) tokens.skip_group();
    if (name == "timestamp" || name == "time") {
        Tokens ahead = tokens;
        bool with = ahead.at("with"), without = ahead.at("without");
        ahead.next();
        if ((with || without) && ahead.skip("time") && ahead.skip("zone")) {
            name += with ? " with time zone" : " without time zone";
            tokens = ahead;
        }
    }
    while (tokens.at(TokenKind::BracketOpen)) {
        tokens.skip_group();
        if (!name.ends_with("[]")) name += "[]";
    }
    if (quoted && name == "char") return 18;
    return type_of(name).value_or(oid::kText);
}

Item evaluate_item(std::string_view entry, Scene& scene) {
    Split split = split_alias(entry, scene.backslash());
    Item item = evaluate(split.expression, scene);
    if (split.alias) item.column.name = *split.alias;
    return item;
}

}  // namespace pgsidecar::proxy::mock
