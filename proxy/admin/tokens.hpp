#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pgsidecar::proxy::admin {

/// A word, a quoted name, a number, a string or a sign of SQL.
struct Token {
    enum class Kind : unsigned char { Word, Name, Number, Literal, Sign, Unfinished };
    Kind kind = Kind::Sign;
    std::string text;  ///< a word in lower case; a name or literal without its quotes

    bool is(std::string_view word) const { return kind == Kind::Word && text == word; }
};

/// The statements of a text, without comments and empty ones. An open quote or comment ends its
/// statement with a token Unfinished.
std::vector<std::vector<Token>> split_statements(std::string_view text);

}  // namespace pgsidecar::proxy::admin
