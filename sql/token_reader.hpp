#pragma once

#include <string_view>

#include "sql/lexer.hpp"
#include "sql/token_text.hpp"

namespace pgsidecar::sql {

/// One statement's tokens with the next one in view. A copy is a place to look ahead from.
class TokenReader {
public:
    TokenReader(std::string_view statement, Backslash backslash)
        : lexer_(statement, backslash), token_(lexer_.next()) {}

    const Token& token() const { return token_; }
    bool at(TokenKind kind) const { return token_.kind == kind; }
    bool at_end() const { return at(TokenKind::End); }
    bool at_name() const { return at(TokenKind::Word) || at(TokenKind::Name); }
    bool at_word(std::string_view word) const { return is_word(token_, word); }
    bool at_operator(std::string_view text) const {
        return at(TokenKind::Operator) && token_.text() == text;
    }

    void advance() { token_ = lexer_.next(); }
    bool take(TokenKind kind) { return at(kind) && step(); }
    bool take_word(std::string_view word) { return at_word(word) && step(); }
    bool take_operator(std::string_view text) { return at_operator(text) && step(); }
    TokenReader after() const {
        TokenReader ahead = *this;
        ahead.advance();
        return ahead;
    }

private:
    bool step() {
        advance();
        return true;
    }

    Lexer lexer_;
    Token token_;
};

}  // namespace pgsidecar::sql
