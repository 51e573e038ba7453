#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace pgsidecar::proxy::mock {

/// PostgreSQL's binary form of `numeric`: digits of base 10000 (numeric_send in numeric.c). Nothing
/// for what is no number.
std::optional<std::string> numeric_to_binary(std::string_view text);
std::optional<std::string> numeric_to_text(std::string_view bytes);

}  // namespace pgsidecar::proxy::mock
