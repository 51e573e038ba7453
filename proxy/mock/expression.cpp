#include "proxy/mock/expression.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "proxy/mock/item_math.hpp"
#include "proxy/mock/outline.hpp"
#include "proxy/mock/text.hpp"

namespace pgsidecar::proxy::mock {
namespace {

using sql::Token;
using sql::TokenKind;

constexpr int kMaxDepth = 32;

/// current_user and its like: called without parentheses.
constexpr std::array<std::string_view, 12> kBareFunctions = {
    "current_user", "session_user",      "user",        "current_role",
    "current_date", "current_timestamp", "localtime",   "localtimestamp",
    "current_time", "current_catalog",   "system_user", "current_schema"};

bool is_one_of(const Token& token, std::span<const std::string_view> words) {
    return std::any_of(words.begin(), words.end(),
                       [&](std::string_view word) { return is_word(token, word); });
}

bool is_comparison(const Token& token) {
    if (token.kind != TokenKind::Operator) return false;
    static constexpr std::array<std::string_view, 7> kAll = {"=", "<>", "!=", "<", ">", "<=", ">="};
    return std::find(kAll.begin(), kAll.end(), token.text()) != kAll.end();
}

/// Recursive descent over one expression.
class Evaluator {
public:
    Evaluator(std::string_view text, Scene& scene, int depth)
        : tokens_(text, scene.backslash()), scene_(scene), depth_(depth) {}

    Item whole() {
        if (tokens_.at_end() || depth_ > kMaxDepth) return unknown(oid::kText);
        Item item = condition();
        if (tokens_.at_end()) return item;
        Item rest = unknown(oid::kText);
        rest.aggregate = item.aggregate;
        while (!tokens_.at_end()) tokens_.next();
        return rest;
    }

private:
    Item inner(std::string_view text) { return Evaluator(text, scene_, depth_ + 1).whole(); }

    Item boolean_rest(const Item& left) {
        Item out = unknown(oid::kBool);
        out.aggregate = left.aggregate;
        while (!tokens_.at_end()) tokens_.next();
        return out;
    }

    Item condition() {
        bool negated = false, negates = false;
        while (tokens_.skip("not")) {
            negates = true;
            negated = !negated;
        }
        Item item = predicate();
        if (!negates) return item;
        bool known = item.value.type == oid::kBool && item.value.text;
        Item out = unknown(oid::kBool);
        out.aggregate = item.aggregate;
        if (known) out.value.text = (*item.value.text == "t") != negated ? "t" : "f";
        return out;
    }

    Item predicate() {
        Item item = concatenation();
        while (is_comparison(tokens_.peek())) {
            std::string_view op = tokens_.next().text();
            item = comparison(op, item, concatenation());
        }
        if (tokens_.skip("is")) {
            bool wanted = !tokens_.skip("not");
            if (!tokens_.skip("null") || !tokens_.at_end()) return boolean_rest(item);
            Item out = constant(oid::kBool, item.value.is_null() == wanted ? "t" : "f");
            out.aggregate = item.aggregate;
            return out;
        }
        static constexpr std::array<std::string_view, 9> kBoolean = {
            "and", "or", "in", "like", "ilike", "between", "not", "isnull", "notnull"};
        if (is_one_of(tokens_.peek(), kBoolean)) return boolean_rest(item);
        if (tokens_.at("at")) return at_time_zone(std::move(item));
        if (tokens_.at(TokenKind::Operator)) return other_operator(item);
        return item;
    }

    Item at_time_zone(Item item) {
        tokens_.next();
        if (!tokens_.skip("time") || !tokens_.skip("zone")) return unknown(oid::kText);
        Item zone = operand();
        bool aware = item.value.type == oid::kTimestamptz;
        Item out = unknown(aware ? oid::kTimestamp : oid::kTimestamptz);
        out.column.name = "timezone";
        out.name_strength = 2;
        if (zone.value.text && lower(*zone.value.text) == "utc" && item.value.text)
            out.value = cast_value(item.value, out.column.type);
        return out;
    }

    Item other_operator(const Item& left) {
        std::string_view op = tokens_.next().text();
        Item out = op == "->>" || op == "#>>" ? unknown(oid::kText)
                   : op == "->" || op == "#>" ? unknown(oid::kJsonb)
                                              : unknown(oid::kBool);
        out.aggregate = left.aggregate;
        while (!tokens_.at_end()) tokens_.next();
        return out;
    }

    Item concatenation() {
        Item item = sum();
        if (!tokens_.at_operator("||")) return item;
        Item out = unknown(oid::kText);
        out.aggregate = item.aggregate;
        out.value.text = std::move(item.value.text);
        while (tokens_.at_operator("||")) {
            tokens_.next();
            Item right = sum();
            out.aggregate = out.aggregate || right.aggregate;
            if (!right.value.text) out.value.text.reset();
            if (out.value.text) *out.value.text += *right.value.text;
        }
        return out;
    }

    Item sum() {
        Item item = product();
        while (tokens_.at_operator("+") || tokens_.at_operator("-")) {
            char op = *tokens_.next().begin;
            item = arithmetic(op, item, product());
        }
        return item;
    }

    Item product() {
        Item item = operand();
        while (tokens_.at_operator("*") || tokens_.at_operator("/") || tokens_.at_operator("%")) {
            char op = *tokens_.next().begin;
            item = arithmetic(op, item, operand());
        }
        return item;
    }

    /// A primary with its casts and subscripts.
    Item operand() {
        if (++signs_ > kMaxDepth) return unknown(oid::kText);
        Item item = primary();
        --signs_;
        for (;;) {
            if (tokens_.skip(TokenKind::Cast)) {
                item = cast_item(std::move(item), take_type(tokens_));
            } else if (tokens_.at(TokenKind::BracketOpen)) {
                tokens_.skip_group();
                item.value = {};
                item.column.type = oid::kText;
            } else if (tokens_.skip(TokenKind::Dot)) {
                item = named(unknown(oid::kText), tokens_.take_name(), 2);
            } else if (tokens_.skip("collate")) {
                tokens_.take_name();
            } else {
                return item;
            }
        }
    }

    Item primary() {
        const Token& token = tokens_.peek();
        switch (token.kind) {
            case TokenKind::String:
            case TokenKind::UnicodeString:
                return constant(oid::kText, string_in(tokens_.next(), tokens_.backslash()));
            case TokenKind::BitString:
                return constant(oid::kBit, string_in(tokens_.next(), tokens_.backslash()));
            case TokenKind::Integer: return integer_item(tokens_.next().text());
            case TokenKind::Decimal:
                return constant(oid::kNumeric, std::string(tokens_.next().text()));
            case TokenKind::Param: return parameter();
            case TokenKind::Open: return group();
            case TokenKind::Operator: return prefixed();
            case TokenKind::Word:
            case TokenKind::Name: return word();
            default: tokens_.next(); return unknown(oid::kText);
        }
    }

    Item parameter() {
        auto number = integer_of(tokens_.next().text().substr(1));
        if (!number || *number < 1) return unknown(oid::kText);
        auto index = static_cast<std::size_t>(*number) - 1;
        Oid type =
            index < scene_.parameter_types.size() ? scene_.parameter_types[index] : oid::kText;
        Item item = unknown(type);
        if (!scene_.describing() && index < scene_.parameters->size()) {
            item.value = scene_.copy((*scene_.parameters)[index]);
            item.value.type = type;
        }
        return item;
    }

    Item prefixed() {
        std::string_view op = tokens_.next().text();
        if (op == "*") {
            Item item;
            item.star = true;
            return item;
        }
        if (op != "-" && op != "+") return unknown(oid::kText);
        Item item = operand();
        if (op == "-" && item.value.text) {
            std::string& text = *item.value.text;
            text = text.starts_with('-') ? text.substr(1) : "-" + text;
        }
        item.column.name = "?column?";
        item.name_strength = 0;
        return item;
    }

    Item group() {
        std::string_view inside = tokens_.skip_group();
        Tokens first(inside, scene_.backslash());
        if (first.at("select") || first.at("with") || first.at("values")) return query(inside);
        auto parts = split_list(inside, scene_.backslash());
        if (!parts || parts->size() != 1) return named(unknown(oid::kRecord), "row", 2);
        return inner(inside);
    }

    /// A query where one value is due: its first column of its only row, or NULL.
    Item query(std::string_view text) {
        Outline outline = outline_of(text, scene_.backslash());
        auto items = split_list(outline.items, scene_.backslash());
        if (!items || items->empty() || depth_ >= kMaxDepth) return unknown(oid::kText);
        Scene scene = scene_;
        scene.row = nullptr;
        scene.relations = nullptr;
        Item item = Evaluator(items->front(), scene, depth_ + 1).whole();
        if ((outline.from && !item.aggregate) || outline.no_rows)
            item.value = {item.value.type, {}, {}};
        item.aggregate = item.many_rows = item.star = false;
        return item;
    }

    Item word() {
        if (tokens_.at(TokenKind::Word)) {
            if (auto item = keyword()) return std::move(*item);
            if (auto item = typed_literal()) return std::move(*item);
        }
        std::string name = name_in(tokens_.next());
        while (tokens_.skip(TokenKind::Dot)) {
            if (tokens_.at_operator("*")) {
                tokens_.next();
                Item item;
                item.star = true;
                item.star_of = name;
                return item;
            }
            if (!is_name(tokens_.peek())) return unknown(oid::kText);
            name = name_in(tokens_.next());
        }
        if (tokens_.at(TokenKind::Open)) return function(name);
        Item item = named(unknown(type_of_column(name)), name, 2);
        if (scene_.row != nullptr) {
            if (auto it = scene_.row->find(name); it != scene_.row->end()) {
                item.value = scene_.copy(it->second);
                item.column.type = it->second.type;
            }
        }
        return item;
    }

    Oid type_of_column(std::string_view name) const {
        if (scene_.relations == nullptr) return oid::kText;
        return scene_.relations->type_of_column(name).value_or(oid::kText);
    }

    std::optional<Item> keyword() {
        if (tokens_.skip("null") || tokens_.skip("default")) return unknown(oid::kText);
        for (std::string_view truth : {"true", "false"}) {
            if (tokens_.skip(truth))
                return named(constant(oid::kBool, truth == "true" ? "t" : "f"), "bool", 1);
        }
        if (is_one_of(tokens_.peek(), kBareFunctions)) return bare_function();
        if (tokens_.at("case")) return case_expression();
        if (tokens_.at("array")) return array();
        Tokens ahead = tokens_;
        ahead.next();
        if (!ahead.at(TokenKind::Open)) return std::nullopt;
        if (tokens_.skip("cast")) return cast(tokens_.skip_group());
        if (tokens_.skip("exists")) {
            tokens_.skip_group();
            return named(constant(oid::kBool, "f"), "exists", 2);
        }
        if (tokens_.skip("row")) {
            tokens_.skip_group();
            return named(unknown(oid::kRecord), "row", 2);
        }
        return std::nullopt;
    }

    Item bare_function() {
        std::string name = name_in(tokens_.next());
        if (tokens_.at(TokenKind::Open)) tokens_.skip_group();
        return named(call_function(name, {}, scene_), name, 2);
    }

    Item case_expression() {
        int depth = 0;
        while (!tokens_.at_end()) {
            const Token token = tokens_.next();
            if (is_word(token, "case")) ++depth;
            if (is_word(token, "end") && --depth == 0) break;
        }
        return named(unknown(oid::kText), "case", 1);
    }

    Item array() {
        tokens_.next();
        Item out = named(unknown(oid::kTextArray), "array", 2);
        bool list = tokens_.at(TokenKind::BracketOpen);
        std::string_view inside =
            list || tokens_.at(TokenKind::Open) ? tokens_.skip_group() : std::string_view{};
        auto parts = split_list(inside, scene_.backslash());
        if (!list || !parts) return out;
        std::string text = "{";
        bool known = true;
        for (std::string_view part : *parts) {
            Item element = inner(part);
            if (text.size() == 1) {
                std::string type(name_of(element.column.type));
                out.column.type = type_of(type + "[]").value_or(oid::kTextArray);
            } else {
                text += ',';
            }
            known = known && !element.value.binary;
            text += element.value.text ? quoted_element(*element.value.text) : "NULL";
        }
        out.value.type = out.column.type;
        if (known) out.value.text = text + '}';
        return out;
    }

    static std::string quoted_element(const std::string& text) {
        std::string out = "\"";
        for (char c : text) {
            if (c == '"' || c == '\\') out += '\\';
            out += c;
        }
        return out + '"';
    }

    Item cast(std::string_view inside) {
        Tokens scan(inside, scene_.backslash());
        while (!scan.at_end() && !scan.at("as")) {
            if (scan.at(TokenKind::Open) || scan.at(TokenKind::BracketOpen)) {
                scan.skip_group();
            } else {
                scan.next();
            }
        }
        auto length = static_cast<std::size_t>(scan.peek().begin - inside.data());
        Item item = inner(inside.substr(0, std::min(length, inside.size())));
        if (!scan.skip("as")) return item;
        return cast_item(std::move(item), take_type(scan));
    }

    /// date '2026-01-01'
    std::optional<Item> typed_literal() {
        Tokens ahead = tokens_;
        std::string first = name_in(ahead.peek());
        if (!type_of(first) && first != "double" && first != "character") return std::nullopt;
        Oid type = take_type(ahead);
        if (!ahead.at(TokenKind::String)) return std::nullopt;
        Item item = constant(oid::kText, string_in(ahead.next(), ahead.backslash()));
        tokens_ = ahead;
        if (type == oid::kInterval) take_interval_fields();
        return cast_item(std::move(item), type);
    }

    void take_interval_fields() {
        static constexpr std::array<std::string_view, 7> kFields = {
            "year", "month", "day", "hour", "minute", "second", "to"};
        while (is_one_of(tokens_.peek(), kFields)) tokens_.next();
    }

    Item function(const std::string& name) {
        std::string_view inside = tokens_.skip_group();
        std::vector<Value> arguments;
        bool aggregate = false;
        if (auto parts = split_list(inside, scene_.backslash())) {
            for (std::string_view part : *parts) {
                Item argument = inner(part);
                aggregate = aggregate || argument.aggregate;
                arguments.push_back(std::move(argument.value));
            }
        }
        Item item = named(call_function(name, std::move(arguments), scene_), name, 2);
        item.aggregate = item.aggregate || aggregate;
        if (tokens_.skip("within") && tokens_.skip("group") && tokens_.at(TokenKind::Open))
            tokens_.skip_group();
        if (tokens_.skip("filter") && tokens_.at(TokenKind::Open)) tokens_.skip_group();
        if (tokens_.skip("over")) {
            tokens_.at(TokenKind::Open) ? void(tokens_.skip_group()) : void(tokens_.take_name());
            item.aggregate = false;
        }
        return item;
    }

    Tokens tokens_;
    Scene& scene_;
    int depth_;
    int signs_ = 0;  ///< of "- - - 1"
};

}  // namespace

Item evaluate(std::string_view expression, Scene& scene) {
    return Evaluator(expression, scene, 0).whole();
}

}  // namespace pgsidecar::proxy::mock
