#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/random.hpp"

/// The notation of SCRAM messages (RFC 5802, section 7), for ScramServer and ScramClient.
namespace pgsidecar::protocol {

/// Longest nonce accepted from a peer. libpq and PostgreSQL use 24 characters.
inline constexpr std::size_t kMaxScramNonce = 1024;
/// Longest message accepted from a peer; honest ones have about 150 bytes.
inline constexpr std::size_t kMaxScramMessage = 4096;

/// Reads "a=value,b=value". Attributes must be asked for in the order they come.
class ScramAttributes {
public:
    explicit ScramAttributes(std::string_view message) : rest_(message) {}

    /// The value of the next attribute if its name is this one; else nullopt and nothing is used
    /// up.
    std::optional<std::string_view> take(char name);
    bool at_end() const { return rest_.empty(); }
    /// What has not been taken yet.
    std::string_view rest() const { return rest_; }

private:
    std::string_view rest_;
};

/// Printable ASCII without comma, at least one character.
bool is_scram_nonce(std::string_view text);

/// 18 random bytes in base64, as PostgreSQL makes them.
std::string make_scram_nonce(base::Entropy& entropy);

}  // namespace pgsidecar::protocol
