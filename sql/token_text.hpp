#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "sql/backslash.hpp"
#include "sql/lexer.hpp"

namespace pgsidecar::sql {

/// Lower-case of ASCII, as PostgreSQL folds unquoted names and knows its keywords.
std::string lower(std::string_view text);

/// True for an unquoted word that is this lower-case one.
bool is_word(const Token& token, std::string_view word);

/// The name that a Word or Name token stands for: folded or unquoted, cut to the server's length.
/// Nothing for other tokens and for U&"..", whose escapes may need a clause that follows.
std::optional<std::string> identifier(const Token& token);

/// The value of a string literal whose spelling is simple enough to be sure of: '..', E'..' and
/// N'..' without backslashes, $$..$$.
std::optional<std::string> string_value(const Token& token, Backslash backslash);

/// The name cut to the server's longest, between two UTF-8 characters (NAMEDATALEN, pg_mbcliplen).
void clip_name(std::string& name);

}  // namespace pgsidecar::sql
