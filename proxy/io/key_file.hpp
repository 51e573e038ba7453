#pragma once

#include <string>

namespace pgsidecar::proxy {

/// libpq's rule for sslkey: nobody but its owner may read it; root's may be read by a group.
/// False with a sentence when it can be read by others; a missing file is left to who opens it.
bool key_file_is_private(const std::string& path, std::string& problem);

}  // namespace pgsidecar::proxy
