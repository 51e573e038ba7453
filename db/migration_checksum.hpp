#pragma once

#include <string>
#include <string_view>

namespace pgsidecar::db {

/// SHA-256 in hex (FIPS 180-4): what sha256sum prints, so that anybody can compare.
///
/// Written here because OpenSSL belongs to protocol/ and proxy/io; it recognises an edited file and
/// protects no secret. Thread: any.
std::string migration_checksum(std::string_view text);

}  // namespace pgsidecar::db
