#pragma once

#include "base/bytes.hpp"

namespace pgsidecar::protocol {

/// Whether both are equal, in a time that depends on their lengths only. For secrets and their
/// digests.
bool equal_constant_time(base::Bytes a, base::Bytes b);

}  // namespace pgsidecar::protocol
