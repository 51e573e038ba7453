#include "proxy/mock/outline.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

namespace pgsidecar::proxy::mock {
namespace {

using sql::Token;
using sql::TokenKind;
using Verb = Outline::Verb;

constexpr std::size_t kHeadTokens = 12;

constexpr std::array<std::string_view, 14> kEndOfItems = {
    "from",  "into",      "where",  "group", "having", "window", "union",
    "order", "intersect", "except", "limit", "offset", "fetch",  "for"};

/// Words behind a table that are no alias of it.
constexpr std::array<std::string_view, 31> kNoTableAlias = {
    "where",   "set",    "join",       "left",        "right",  "inner",  "full",      "cross",
    "natural", "on",     "using",      "group",       "order",  "having", "limit",     "offset",
    "fetch",   "for",    "union",      "intersect",   "except", "window", "returning", "values",
    "default", "select", "overriding", "tablesample", "when",   "with",   "table"};
constexpr std::array<std::string_view, 12> kEndOfFrom = {"where", "group", "having",    "window",
                                                         "union", "order", "limit",     "offset",
                                                         "fetch", "for",   "intersect", "except"};
constexpr std::size_t kMaxTables = 32;

Verb verb_of(const Token& token) {
    if (is_word(token, "select")) return Verb::Select;
    if (is_word(token, "insert")) return Verb::Insert;
    if (is_word(token, "update")) return Verb::Update;
    if (is_word(token, "delete")) return Verb::Delete;
    if (is_word(token, "merge")) return Verb::Merge;
    if (is_word(token, "values")) return Verb::Values;
    if (is_word(token, "table")) return Verb::Table;
    return Verb::Other;
}

bool is_any(const Token& token, std::span<const std::string_view> words) {
    return std::any_of(words.begin(), words.end(),
                       [&](std::string_view word) { return is_word(token, word); });
}

std::string_view between(const char* begin, const char* end) {
    return begin == nullptr || end <= begin
               ? std::string_view{}
               : std::string_view{begin, static_cast<std::size_t>(end - begin)};
}

/// Walks over the tokens of the outermost level; what stands in parentheses is stepped over.
class OutlineReader {
public:
    OutlineReader(std::string_view statement, sql::Backslash backslash)
        : tokens_(statement, backslash) {
        read_head(statement, backslash);
    }

    Outline read() {
        while (tokens_.at(TokenKind::Open)) tokens_.next();  // (SELECT ...) UNION ...
        if (tokens_.skip("with")) skip_to_verb();
        out_.verb = verb_of(tokens_.peek());
        if (out_.verb == Verb::Other) return std::move(out_);
        tokens_.next();
        switch (out_.verb) {
            case Verb::Select: read_select(); break;
            case Verb::Insert: read_insert(); break;
            case Verb::Values: read_rows(); break;
            case Verb::Table:
                out_.from = true;
                read_table();
                break;
            default:
                if (!tokens_.skip("from")) tokens_.skip("into");
                read_table();
                read_returning();
                break;
        }
        return std::move(out_);
    }

private:
    void read_head(std::string_view statement, sql::Backslash backslash) {
        Tokens head(statement, backslash);
        while (!head.at_end() && out_.head.size() < kHeadTokens) {
            const Token token = head.next();
            out_.head.push_back(is_name(token) ? name_in(token)
                                               : std::string(token.text().substr(0, 64)));
        }
    }

    /// The next token of this level, a whole group in parentheses as one.
    Token step() {
        if (tokens_.at(TokenKind::Open) || tokens_.at(TokenKind::BracketOpen)) {
            const Token open = tokens_.peek();
            tokens_.skip_group();
            previous_ = open.kind;
            return open;
        }
        previous_ = tokens_.peek().kind;
        return tokens_.next();
    }
    /// The end of a statement in parentheses is the end of the query.
    bool over() const { return tokens_.at_end() || tokens_.at(TokenKind::Close); }

    void skip_to_verb() {
        while (!tokens_.at_end() && verb_of(tokens_.peek()) == Verb::Other) step();
    }

    void read_select() {
        if (tokens_.skip("distinct")) {
            if (tokens_.skip("on") && tokens_.at(TokenKind::Open)) step();
        } else {
            tokens_.skip("all");
        }
        const char* begin = tokens_.peek().begin;
        while (!over() && !ends_items()) step();
        out_.items = between(begin, tokens_.peek().begin);
        read_rest_of_select();
    }

    /// "from" belongs to the list in IS DISTINCT FROM.
    bool ends_items() {
        if (previous_ == TokenKind::Dot) return false;
        bool distinct = std::exchange(after_distinct_, tokens_.at("distinct"));
        return is_any(tokens_.peek(), kEndOfItems) && !distinct;
    }

    void read_rest_of_select() {
        bool in_from = false;
        while (!over()) {
            const Token token = step();
            if (is_any(token, kEndOfFrom)) in_from = false;
            if (is_word(token, "from")) in_from = out_.from = true;
            if (is_word(token, "into")) out_.into = true;
            if (is_word(token, "group")) out_.grouped = true;
            if (is_word(token, "limit") && tokens_.peek().text() == "0") out_.no_rows = true;
            if (is_word(token, "where") && tokens_.at("false")) out_.no_rows = true;
            if (is_word(token, "union") || is_word(token, "intersect") || is_word(token, "except"))
                return;
            bool table_due =
                is_word(token, "from") || is_word(token, "join") || token.kind == TokenKind::Comma;
            if (in_from && table_due) read_table();
        }
    }

    /// "s.t AS a" at the front; no table where something else stands.
    void read_table() {
        while (tokens_.at("only") || tokens_.at("lateral")) tokens_.next();
        if (!is_name(tokens_.peek())) return;
        TableReference reference;
        reference.table = tokens_.take_name();
        if (tokens_.at(TokenKind::Open) && out_.verb == Verb::Select) {
            step();  // a function
            reference.table.clear();
        }
        bool as = tokens_.skip("as");
        bool alias = is_name(tokens_.peek()) && (as || !is_any(tokens_.peek(), kNoTableAlias));
        reference.alias = alias ? name_in(tokens_.next()) : reference.table;
        if (!reference.table.empty() && out_.tables.size() < kMaxTables)
            out_.tables.push_back(std::move(reference));
    }

    void read_insert() {
        tokens_.skip("into");
        read_table();
        if (!out_.tables.empty()) out_.table = out_.tables[0].table;
        if (tokens_.at(TokenKind::Open)) read_columns_or_query();
        while (!over() && !starts_source() && !tokens_.at("returning")) step();
        if (tokens_.skip("default")) {
            out_.row_count = 1;
            tokens_.skip("values");
            return read_returning();
        }
        if (tokens_.skip("values")) {
            read_rows();
            return read_returning();
        }
        if (tokens_.at("select") || tokens_.at("with") || tokens_.at("table")) {
            out_.from_query = true;
            out_.from = tokens_.at("table");
        }
        read_returning();
    }

    bool starts_source() const {
        return tokens_.at("values") || tokens_.at("select") || tokens_.at("default") ||
               tokens_.at("with") || tokens_.at("table") || tokens_.at("overriding");
    }

    void read_columns_or_query() {
        Tokens inside = tokens_;
        inside.next();
        out_.from_query = inside.at("select") || inside.at("with") || inside.at("values") ||
                          inside.at(TokenKind::Open);
        const std::string_view group = tokens_.skip_group();
        if (out_.from_query) {
            out_.from = true;
        } else {
            out_.columns = group;
        }
    }

    void read_rows() {
        const char* begin = tokens_.peek().begin;
        const char* end = begin;
        while (tokens_.at(TokenKind::Open)) {
            tokens_.skip_group();
            ++out_.row_count;
            end = tokens_.peek().begin;
            if (!tokens_.skip(TokenKind::Comma)) break;
        }
        out_.rows = between(begin, end);
    }

    void read_returning() {
        while (!over()) {
            const Token token = step();
            if (is_word(token, "from")) out_.from = true;
            if (is_word(token, "from") && out_.verb == Verb::Update) read_table();
            if (!is_word(token, "returning")) continue;
            const char* begin = tokens_.peek().begin;
            while (!over()) step();
            out_.returning = between(begin, tokens_.peek().begin);
        }
    }

    Tokens tokens_;
    Outline out_;
    TokenKind previous_ = TokenKind::End;
    bool after_distinct_ = false;
};

}  // namespace

std::optional<std::string_view> StatementSplitter::next() {
    sql::Lexer lexer(rest_, backslash_);
    const char* begin = nullptr;
    const char* end = nullptr;
    bool creates = false, after_begin = false;
    int depth = 0, body = 0;  // body: inside BEGIN ATOMIC ... END, with its CASEs
    for (;;) {
        const Token token = lexer.next();
        if (token.kind == TokenKind::End) {
            rest_ = {};
            break;
        }
        if (token.kind == TokenKind::Semicolon && depth == 0 && body == 0) {
            if (begin == nullptr) continue;
            rest_.remove_prefix(static_cast<std::size_t>(token.end - rest_.data()));
            break;
        }
        if (begin == nullptr) {
            begin = token.begin;
            creates = is_word(token, "create");
        }
        end = token.end;
        if (token.kind == TokenKind::Open || token.kind == TokenKind::BracketOpen) ++depth;
        if (token.kind == TokenKind::Close || token.kind == TokenKind::BracketClose)
            depth = std::max(depth - 1, 0);
        if (creates && after_begin && is_word(token, "atomic")) body = std::max(body, 1);
        if (body > 0 && is_word(token, "case")) ++body;
        if (body > 0 && is_word(token, "end")) --body;
        after_begin = is_word(token, "begin");
    }
    if (begin == nullptr) return std::nullopt;
    return between(begin, end);
}

Outline outline_of(std::string_view statement, sql::Backslash backslash) {
    return OutlineReader(statement, backslash).read();
}

std::vector<std::string> target_columns(const Outline& outline, const Relations& relations,
                                        sql::Backslash backslash) {
    std::vector<std::string> names;
    Tokens tokens(outline.columns, backslash);
    while (!tokens.at_end() && names.size() < kMaxColumns) {
        if (is_name(tokens.peek())) names.push_back(name_in(tokens.peek()));
        tokens.next();
        while (!tokens.at_end() && !tokens.skip(TokenKind::Comma)) tokens.next();
    }
    if (!outline.columns.empty()) return names;
    for (const Column& column : relations.columns_of()) names.push_back(column.name);
    return names;
}

std::optional<std::vector<std::string_view>> split_list(std::string_view list,
                                                        sql::Backslash backslash) {
    std::vector<std::string_view> parts;
    Tokens tokens(list, backslash);
    while (!tokens.at_end()) {
        if (parts.size() == kMaxColumns) return std::nullopt;
        const char* begin = tokens.peek().begin;
        const char* end = begin;
        while (!tokens.at_end() && !tokens.at(TokenKind::Comma)) {
            if (tokens.at(TokenKind::Open) || tokens.at(TokenKind::BracketOpen)) {
                const std::string_view inside = tokens.skip_group();
                end = inside.data() + inside.size();
                if (end < list.data() + list.size()) ++end;
                continue;
            }
            end = tokens.next().end;
        }
        parts.push_back(between(begin, end));
        tokens.skip(TokenKind::Comma);
    }
    return parts;
}

}  // namespace pgsidecar::proxy::mock
