#include "protocol/auth/scram_client.hpp"

#include <charconv>

#include "protocol/auth/base64.hpp"
#include "protocol/auth/constant_time.hpp"
#include "protocol/auth/saslprep.hpp"
#include "protocol/messages/protocol_errc.hpp"

namespace pgsidecar::protocol {
namespace {

constexpr std::string_view kGs2Header = "n,,";

/// A name with the escapes of RFC 5802, section 5.1.
std::string escape_name(std::string_view name) {
    std::string escaped;
    for (char c : name) {
        if (c == '=') {
            escaped += "=3D";
        } else if (c == ',') {
            escaped += "=2C";
        } else {
            escaped += c;
        }
    }
    return escaped;
}

base::Result<std::uint32_t> parse_iterations(std::string_view text, std::uint32_t ceiling) {
    if (text.empty() || text[0] < '1' || text[0] > '9') {
        return make_error_code(ProtocolErrc::ScramMalformed);
    }
    std::uint32_t value = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (end != text.data() + text.size()) return make_error_code(ProtocolErrc::ScramMalformed);
    if (error != std::errc() || value > ceiling) {
        return make_error_code(ProtocolErrc::ScramIterationsTooHigh);
    }
    return value;
}

}  // namespace

ScramClient::ScramClient(LoginSecret secret, std::string nonce, Options options)
    : secret_(std::move(secret)), nonce_(std::move(nonce)), options_(std::move(options)) {}

base::Result<std::string> ScramClient::first() {
    if (state_ != State::Start) {
        state_ = State::Over;
        return make_error_code(ProtocolErrc::UnexpectedMessage);
    }
    if (secret_.password.empty() && !secret_.keys) {
        state_ = State::Over;
        return make_error_code(secret_.nothing_kept() ? ProtocolErrc::PasswordMissing
                                                      : ProtocolErrc::SecretUnfit);
    }
    state_ = State::AwaitChallenge;
    first_bare_ = "n=" + escape_name(options_.user) + ",r=" + nonce_;
    return std::string(kGs2Header) + first_bare_;
}

base::Result<std::string> ScramClient::challenge(std::string_view server_first) {
    const State state = state_;
    state_ = State::Over;
    if (state != State::AwaitChallenge) return make_error_code(ProtocolErrc::UnexpectedMessage);
    auto challenge = read_challenge(server_first);
    if (challenge.has_error()) return challenge.error();
    auto keys = keys_for(*challenge);
    if (keys.has_error()) return keys.error();

    std::string message = "c=" + base64_encode(base::as_bytes(kGs2Header)) + ",r=";
    message += challenge->nonce;
    auto proof = prove(*keys, message, server_first);
    if (proof.has_error()) return proof.error();
    state_ = State::AwaitFinal;
    return message + ",p=" + *proof;
}

base::Result<ScramClient::Challenge> ScramClient::read_challenge(
    std::string_view server_first) const {
    const std::error_code malformed = ProtocolErrc::ScramMalformed;
    if (server_first.size() > kMaxScramMessage) return malformed;
    ScramAttributes attributes(server_first);
    auto nonce = attributes.take('r');
    if (!nonce || !is_scram_nonce(*nonce)) return malformed;
    if (nonce->size() > kMaxScramNonce) return make_error_code(ProtocolErrc::ScramNonceTooLong);
    if (nonce->size() <= nonce_.size() || !nonce->starts_with(nonce_)) {
        return make_error_code(ProtocolErrc::ScramNonceMismatch);
    }
    auto salt_text = attributes.take('s');
    auto iterations_text = attributes.take('i');
    if (!salt_text || !iterations_text) return malformed;
    auto salt = base64_decode(*salt_text);
    if (!salt || salt->empty()) return malformed;
    auto iterations = parse_iterations(*iterations_text, options_.max_iterations);
    if (iterations.has_error()) return iterations.error();
    return Challenge{*nonce, std::move(*salt), *iterations};
}

base::Result<ScramKeys> ScramClient::keys_for(const Challenge& challenge) const {
    if (secret_.password.empty()) {
        const ScramKeys& kept = *secret_.keys;
        if (kept.iterations != challenge.iterations || kept.salt != challenge.salt)
            return make_error_code(ProtocolErrc::ScramSecretDiffers);
        return kept;
    }
    auto salted = pbkdf2_sha256(saslprep(secret_.password), challenge.salt, challenge.iterations);
    if (salted.has_error()) return salted.error();
    auto client_key = hmac_sha256(*salted, base::as_bytes("Client Key"));
    auto server_key = hmac_sha256(*salted, base::as_bytes("Server Key"));
    if (client_key.has_error()) return client_key.error();
    if (server_key.has_error()) return server_key.error();
    return ScramKeys{challenge.iterations, challenge.salt, *client_key, *server_key};
}

base::Result<std::string> ScramClient::prove(const ScramKeys& keys, std::string_view without_proof,
                                             std::string_view server_first) {
    std::string auth_message = first_bare_ + ',';
    auth_message += server_first;
    auth_message += ',';
    auth_message += without_proof;
    auto stored_key = sha256(keys.client_key);
    if (stored_key.has_error()) return stored_key.error();
    auto client_signature = hmac_sha256(*stored_key, base::as_bytes(auth_message));
    auto server_signature = hmac_sha256(keys.server_key, base::as_bytes(auth_message));
    if (client_signature.has_error()) return client_signature.error();
    if (server_signature.has_error()) return server_signature.error();
    server_signature_ = *server_signature;
    Digest proof;
    for (std::size_t i = 0; i < proof.size(); ++i)
        proof[i] = keys.client_key[i] ^ (*client_signature)[i];
    return base64_encode(proof);
}

base::Result<void> ScramClient::finish(std::string_view server_final) {
    const State state = state_;
    state_ = State::Over;
    if (state != State::AwaitFinal) return make_error_code(ProtocolErrc::UnexpectedMessage);
    if (server_final.size() > kMaxScramMessage)
        return make_error_code(ProtocolErrc::ScramMalformed);
    ScramAttributes attributes(server_final);
    if (attributes.take('e')) return make_error_code(ProtocolErrc::ScramServerRefused);
    auto verifier = attributes.take('v');
    if (!verifier) return make_error_code(ProtocolErrc::ScramMalformed);
    auto signature = base64_decode(*verifier);
    if (!signature) return make_error_code(ProtocolErrc::ScramMalformed);
    if (!equal_constant_time(*signature, server_signature_)) {
        return make_error_code(ProtocolErrc::ScramServerSignatureWrong);
    }
    state_ = State::Verified;
    return {};
}

}  // namespace pgsidecar::protocol
