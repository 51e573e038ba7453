#include "protocol/auth/scram_server.hpp"

#include <algorithm>

#include "protocol/auth/base64.hpp"
#include "protocol/auth/constant_time.hpp"
#include "protocol/messages/protocol_errc.hpp"

namespace pgsidecar::protocol {
namespace {

/// "n,," or "y,,": the part of client-first that says which channel binding is wanted.
base::Result<std::string_view> take_gs2_header(std::string_view message) {
    if (message.starts_with("p=")) return make_error_code(ProtocolErrc::ScramChannelBinding);
    // A name to act for ("a=") is refused, as in PostgreSQL.
    if (!message.starts_with("n,,") && !message.starts_with("y,,")) {
        return make_error_code(ProtocolErrc::ScramMalformed);
    }
    return message.substr(0, 3);
}

}  // namespace

ScramServer::ScramServer(ScramSecret secret, std::string nonce)
    : secret_(std::move(secret)), nonce_(std::move(nonce)) {}

base::Result<ScramServer::Reply> ScramServer::start(std::string_view mechanism,
                                                    std::optional<std::string_view> initial) {
    if (state_ != State::Start) {
        state_ = State::Over;
        return make_error_code(ProtocolErrc::UnexpectedMessage);
    }
    if (mechanism != kScramSha256) {
        state_ = State::Over;
        return make_error_code(ProtocolErrc::ScramMechanismUnknown);
    }
    state_ = State::AwaitFirst;
    if (!initial) return Reply{false, {}};
    return step(*initial);
}

base::Result<ScramServer::Reply> ScramServer::step(std::string_view message) {
    const State state = state_;
    state_ = State::Over;
    if (state != State::AwaitFirst && state != State::AwaitFinal) {
        return make_error_code(ProtocolErrc::UnexpectedMessage);
    }
    if (message.size() > kMaxScramMessage) return make_error_code(ProtocolErrc::ScramMalformed);
    if (state == State::AwaitFinal) return final(message);
    auto reply = first(message);
    if (reply.has_value()) state_ = State::AwaitFinal;
    return reply;
}

base::Result<ScramServer::Reply> ScramServer::first(std::string_view message) {
    auto header = take_gs2_header(message);
    if (header.has_error()) return header.error();
    gs2_header_ = *header;
    client_first_bare_ = message.substr(header->size());

    // The name is ignored for the start-up packet's, as in PostgreSQL. Extensions may follow the
    // nonce.
    ScramAttributes attributes(client_first_bare_);
    auto user = attributes.take('n');
    auto nonce = attributes.take('r');
    if (!user || !nonce || !is_scram_nonce(*nonce)) {
        return make_error_code(ProtocolErrc::ScramMalformed);
    }
    if (nonce->size() > kMaxScramNonce) return make_error_code(ProtocolErrc::ScramNonceTooLong);

    nonce_.insert(0, *nonce);
    server_first_ = "r=" + nonce_ + ",s=" + base64_encode(secret_.salt) +
                    ",i=" + std::to_string(secret_.iterations);
    return Reply{false, server_first_};
}

base::Result<ScramServer::Reply> ScramServer::final(std::string_view message) {
    const std::error_code malformed = ProtocolErrc::ScramMalformed;
    const std::size_t proof_at = message.rfind(",p=");
    if (proof_at == std::string_view::npos) return malformed;
    const std::string_view without_proof = message.substr(0, proof_at);

    ScramAttributes attributes(without_proof);
    auto binding = attributes.take('c');
    auto nonce = attributes.take('r');
    if (!binding || !nonce) return malformed;
    if (*binding != base64_encode(base::as_bytes(gs2_header_))) return malformed;
    if (!equal_constant_time(base::as_bytes(*nonce), base::as_bytes(nonce_))) {
        return make_error_code(ProtocolErrc::ScramNonceMismatch);
    }
    auto decoded = base64_decode(message.substr(proof_at + 3));
    Digest proof;
    if (!decoded || decoded->size() != proof.size()) return malformed;
    std::copy(decoded->begin(), decoded->end(), proof.begin());

    std::string auth_message = client_first_bare_ + ',' + server_first_ + ',';
    auth_message += without_proof;
    auto client_key = check_proof(auth_message, proof);
    if (client_key.has_error()) return client_key.error();
    auto signature = hmac_sha256(secret_.server_key, base::as_bytes(auth_message));
    if (signature.has_error()) return signature.error();
    keys_ = ScramKeys{secret_.iterations, secret_.salt, *client_key, secret_.server_key};
    return Reply{true, "v=" + base64_encode(*signature)};
}

base::Result<Digest> ScramServer::check_proof(std::string_view auth_message,
                                              const Digest& proof) const {
    auto client_signature = hmac_sha256(secret_.stored_key, base::as_bytes(auth_message));
    if (client_signature.has_error()) return client_signature.error();
    Digest client_key;
    for (std::size_t i = 0; i < client_key.size(); ++i) {
        client_key[i] = proof[i] ^ (*client_signature)[i];
    }
    auto stored_key = sha256(client_key);
    if (stored_key.has_error()) return stored_key.error();
    if (!equal_constant_time(*stored_key, secret_.stored_key)) {
        return make_error_code(ProtocolErrc::PasswordWrong);
    }
    return client_key;
}

}  // namespace pgsidecar::protocol
