#include "protocol/auth/scram_secret.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include "protocol/auth/base64.hpp"
#include "protocol/auth/saslprep.hpp"
#include "protocol/messages/protocol_errc.hpp"

namespace pgsidecar::protocol {
namespace {

/// Cuts the part before `separator` off `text`; everything where there is none.
std::string_view take_until(std::string_view& text, char separator) {
    std::size_t at = text.find(separator);
    std::string_view part = text.substr(0, at);
    text = at == std::string_view::npos ? std::string_view() : text.substr(at + 1);
    return part;
}

bool decode_digest(std::string_view text, Digest& digest) {
    auto bytes = base64_decode(text);
    if (!bytes || bytes->size() != digest.size()) return false;
    std::copy(bytes->begin(), bytes->end(), digest.begin());
    return true;
}

}  // namespace

bool is_scram_stored(std::string_view text) {
    return text.size() > kScramSha256.size() && text.starts_with(kScramSha256) &&
           text[kScramSha256.size()] == '$';
}

base::Result<ScramSecret> parse_scram_secret(std::string_view text) {
    const std::error_code malformed = ProtocolErrc::SecretMalformed;
    if (take_until(text, '$') != kScramSha256) return malformed;
    std::string_view iterations = take_until(text, ':');
    auto salt = base64_decode(take_until(text, '$'));
    ScramSecret secret{};
    auto [end, error] = std::from_chars(iterations.data(), iterations.data() + iterations.size(),
                                        secret.iterations);
    if (error != std::errc() || end != iterations.data() + iterations.size() ||
        secret.iterations == 0 || secret.iterations > 0x7fffffff) {
        return malformed;
    }
    if (!salt || salt->empty()) return malformed;
    secret.salt = std::move(*salt);
    if (!decode_digest(take_until(text, ':'), secret.stored_key)) return malformed;
    if (!decode_digest(text, secret.server_key)) return malformed;
    return secret;
}

std::string format_scram_secret(const ScramSecret& secret) {
    std::string text(kScramSha256);
    text += '$' + std::to_string(secret.iterations) + ':' + base64_encode(secret.salt) + '$';
    text += base64_encode(secret.stored_key) + ':' + base64_encode(secret.server_key);
    return text;
}

base::Result<ScramSecret> derive_scram_secret(std::string_view password, base::Bytes salt,
                                              std::uint32_t iterations) {
    auto salted = pbkdf2_sha256(saslprep(password), salt, iterations);
    if (salted.has_error()) return salted.error();
    auto client_key = hmac_sha256(*salted, base::as_bytes("Client Key"));
    auto server_key = hmac_sha256(*salted, base::as_bytes("Server Key"));
    if (client_key.has_error()) return client_key.error();
    if (server_key.has_error()) return server_key.error();
    auto stored_key = sha256(*client_key);
    if (stored_key.has_error()) return stored_key.error();
    return ScramSecret{iterations, {salt.begin(), salt.end()}, *stored_key, *server_key};
}

base::Result<ScramSecret> mock_scram_secret(std::string_view user, base::Bytes mock_key,
                                            std::uint32_t iterations) {
    auto salt = hmac_sha256(mock_key, base::as_bytes(user));
    if (salt.has_error()) return salt.error();
    // A proof for this StoredKey would be a preimage of it under SHA-256, which nobody has.
    return ScramSecret{iterations, {salt->begin(), salt->begin() + kScramSaltSize}, *salt, *salt};
}

}  // namespace pgsidecar::protocol
