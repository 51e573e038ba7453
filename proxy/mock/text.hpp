#pragma once

#include <string>
#include <string_view>

#include "sql/lexer.hpp"

namespace pgsidecar::proxy::mock {

/// ASCII letters in lower case, as PostgreSQL folds names.
std::string lower(std::string_view text);
/// True for that keyword, given in lower case.
bool is_word(const sql::Token& token, std::string_view keyword);
/// A word or a quoted name; PostgreSQL takes both where a name is due.
bool is_name(const sql::Token& token);
/// The name that a Word or Name token means.
std::string name_in(const sql::Token& token);
/// The text that a String, UnicodeString or BitString token means.
std::string string_in(const sql::Token& token, sql::Backslash backslash);
/// False for a string, a name or a comment that never ends.
bool is_closed(const sql::Token& token, sql::Backslash backslash);

/// A lexer with a look at the token that comes next.
class Tokens {
public:
    Tokens(std::string_view text, sql::Backslash backslash)
        : lexer_(text, backslash), backslash_(backslash), token_(lexer_.next()) {}

    const sql::Token& peek() const { return token_; }
    sql::Token next() {
        sql::Token taken = token_;
        token_ = lexer_.next();
        return taken;
    }
    sql::Backslash backslash() const { return backslash_; }
    bool at_end() const { return token_.kind == sql::TokenKind::End; }
    bool at(std::string_view keyword) const { return is_word(token_, keyword); }
    bool at(sql::TokenKind kind) const { return token_.kind == kind; }
    bool at_operator(std::string_view text) const {
        return token_.kind == sql::TokenKind::Operator && token_.text() == text;
    }
    /// Takes the keyword when it is next.
    bool skip(std::string_view keyword) {
        if (!at(keyword)) return false;
        next();
        return true;
    }
    bool skip(sql::TokenKind kind) {
        if (!at(kind)) return false;
        next();
        return true;
    }
    /// From a parenthesis or bracket to its partner, the inside.
    std::string_view skip_group();
    /// "schema.name" as its last part; empty when no name is next.
    std::string take_name();

private:
    sql::Lexer lexer_;
    sql::Backslash backslash_;
    sql::Token token_;
};

}  // namespace pgsidecar::proxy::mock
