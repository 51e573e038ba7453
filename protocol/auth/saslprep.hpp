#pragma once

#include <string>
#include <string_view>

namespace pgsidecar::protocol {

/// A password as SCRAM digests it: SASLprep (RFC 4013) of it, or the bytes as they are where
/// SASLprep refuses them, which is what libpq and PostgreSQL do (not UTF-8, a control character, a
/// code point that Unicode 3.2 does not know).
std::string saslprep(std::string_view password);

}  // namespace pgsidecar::protocol
