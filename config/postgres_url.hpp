#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "config/upstream.hpp"

namespace pgsidecar::config {

/// Reads a connection string: postgres:// and postgresql:// URLs, also with SQLAlchemy's +driver
/// and JDBC's jdbc: in front, and libpq keyword strings (manual, "Connection Strings").
///
/// What is not given stays empty; complete() fills it in. Errors never quote the string, which may
/// hold a password.
UpstreamResult parse_upstream(std::string_view text);

std::optional<SslMode> ssl_mode_from(std::string_view text);

/// "a%20b" -> "a b"; nothing for broken escapes and for %00.
std::optional<std::string> percent_decoded(std::string_view text);

/// Escapes everything but letters, digits and -._~
std::string percent_encoded(std::string_view text);

}  // namespace pgsidecar::config
