#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"

/// The md5 method (manual, "Password Authentication"). Weak: for old servers and drivers only.
///
/// Error: CryptoFailed, as under FIPS.
namespace pgsidecar::protocol {

/// What pg_authid holds: "md5" and md5(password, user).
base::Result<std::string> md5_stored(std::string_view user, std::string_view password);

/// What goes over the wire: "md5" and md5(hexadecimal part of `stored`, salt). Both sides use it: a
/// client sends it, a server compares with it. `stored` is from md5_stored() or is_md5_stored().
base::Result<std::string> md5_response(std::string_view stored, std::span<const std::byte, 4> salt);

/// "md5" and 32 hexadecimal digits.
bool is_md5_stored(std::string_view text);

}  // namespace pgsidecar::protocol
