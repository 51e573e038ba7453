#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "sql/backslash.hpp"

namespace pgsidecar::sql {

enum class TokenKind : std::uint8_t {
    End,
    Word,    ///< unquoted identifier or keyword
    Name,    ///< "quoted" or U&"quoted" identifier
    String,  ///< '..', E'..', N'..', $tag$..$tag$; what never ended is a String too, so that it is
             ///< masked
    UnicodeString,  ///< U&'..', its UESCAPE included
    BitString,      ///< B'..' or X'..'
    Integer,
    Decimal,
    Param,  ///< $1
    Operator,
    Open,
    Close,
    BracketOpen,
    BracketClose,
    Comma,
    Semicolon,
    Dot,
    Cast,   ///< ::
    Other,  ///< a byte that starts no token
};

struct Token {
    TokenKind kind = TokenKind::End;
    const char* begin = nullptr;
    const char* end = nullptr;

    std::size_t size() const { return static_cast<std::size_t>(end - begin); }
    std::string_view text() const { return {begin, size()}; }
};

/// Cuts a text into PostgreSQL's tokens as scan.l does, comments and whitespace left out.
///
/// It never fails: what PostgreSQL would refuse becomes some token, and whatever might be the
/// inside of a literal is a literal. Views point into the text. Assumes a server encoding whose
/// bytes below 0x80 are ASCII, as all of them are.
class Lexer {
public:
    explicit Lexer(std::string_view text, Backslash backslash = Backslash::Plain)
        : at_(text.data()), limit_(text.data() + text.size()), backslash_(backslash) {}

    Token next();
    /// True when the next thing is a digit or a point and a digit: is this sign the number's own?
    bool number_follows() const;
    const char* limit() const { return limit_; }
    /// Where the next token is looked for; behind the last token and its UESCAPE.
    const char* position() const { return at_; }

private:
    bool skip_blank();
    Token word();
    Token number();
    Token operators();
    Token dollar();
    Token quoted(TokenKind kind, std::size_t prefix, bool escapes);
    Token quoted_name(std::size_t prefix);
    Token single(TokenKind kind);
    void skip_uescape();
    bool has(std::size_t offset, char c) const {
        return static_cast<std::size_t>(limit_ - at_) > offset && at_[offset] == c;
    }

    const char* at_;
    const char* limit_;
    Backslash backslash_;
};

}  // namespace pgsidecar::sql
