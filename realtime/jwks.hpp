#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "realtime/signature.hpp"

namespace pgsidecar::realtime {

/// A key of a JSON Web Key Set (RFC 7517).
struct NamedKey {
    std::string id;         ///< empty: the set does not say
    std::string algorithm;  ///< empty: any that fits
    VerifyKey key;
};

struct KeySet {
    std::vector<NamedKey> keys;
    int skipped = 0;    ///< for encryption, of an unknown kind, or too weak
    std::string error;  ///< not empty: the text is no key set
};

KeySet parse_jwks(std::string_view json);

}  // namespace pgsidecar::realtime
