#include "protocol/messages/protocol_errc.hpp"

#include <string>

#include "protocol/messages/sqlstate.hpp"

namespace pgsidecar::protocol {
namespace {

const char* sentence(ProtocolErrc errc) {
    switch (errc) {
        case ProtocolErrc::MessageTruncated:
            return "a protocol message ends before its last field; the peer or something between "
                   "is broken";
        case ProtocolErrc::TrailingBytes:
            return "a protocol message has bytes after its last field; the peer or something "
                   "between is "
                   "broken";
        case ProtocolErrc::InvalidField:
            return "a protocol message has a field with a value that PostgreSQL's protocol does "
                   "not allow";
        case ProtocolErrc::InvalidLength:
            return "a protocol message has an impossible length; is the peer a PostgreSQL client "
                   "or "
                   "server?";
        case ProtocolErrc::MessageTooLong:
            return "a protocol message is longer than the limit; raise the limit or send less at "
                   "once";
        case ProtocolErrc::UnknownMessageType:
            return "a protocol message has an unknown type; is the peer a PostgreSQL client or "
                   "server?";
        case ProtocolErrc::UnexpectedMessage:
            return "a protocol message came at a moment when it is not allowed";
        case ProtocolErrc::EmbeddedZero:
            return "a text holds a zero byte, which PostgreSQL's protocol cannot carry; remove it";
        case ProtocolErrc::StartupTooLong:
            return "the start-up packet is longer than the limit; shorten its options or use a "
                   "PostgreSQL client";
        case ProtocolErrc::StartupLooksLikeHttp:
            return "the client speaks HTTP to the PostgreSQL port; point it at the HTTP address";
        case ProtocolErrc::StartupLooksLikeTls:
            return "the client began TLS without asking first; use sslnegotiation=postgres or "
                   "sslmode=disable";
        case ProtocolErrc::StartupLayout:
            return "the start-up packet has no terminator as its last byte or has an option "
                   "without value";
        case ProtocolErrc::UnsupportedProtocolVersion:
            return "the client asks for a protocol version other than 3; use a driver that speaks "
                   "3.0";
        case ProtocolErrc::MissingUser:
            return "the start-up packet names no user; set the user in the connection string";
        case ProtocolErrc::CancelKeyLength: return "a cancel key is not 4 to 256 bytes long";
        case ProtocolErrc::OptionsSyntax:
            return "the start-up parameter 'options' is not a list of '-c name=value' or "
                   "'--name=value'; correct it in the connection string";
        case ProtocolErrc::AuthMethodUnsupported:
            return "the server asks for an authentication method we do not have; use "
                   "scram-sha-256, md5 "
                   "or password in its pg_hba.conf";
        case ProtocolErrc::ScramMechanismUnknown:
            return "no SASL mechanism in common; both sides must offer SCRAM-SHA-256";
        case ProtocolErrc::ScramMalformed: return "a SCRAM message does not follow RFC 5802";
        case ProtocolErrc::ScramNonceMismatch:
            return "a SCRAM message carries a nonce that is not the one of this login";
        case ProtocolErrc::ScramNonceTooLong: return "a SCRAM nonce is longer than 1024 bytes";
        case ProtocolErrc::ScramChannelBinding:
            return "the client insists on SCRAM channel binding, which was not offered; set "
                   "channel_binding=disable or prefer";
        case ProtocolErrc::ScramIterationsTooHigh:
            return "the server asks for more SCRAM iterations than the ceiling; lower its "
                   "scram_iterations and set the password again";
        case ProtocolErrc::ScramServerSignatureWrong:
            return "the server could not prove that it knows the password; do not trust it and "
                   "check "
                   "the address";
        case ProtocolErrc::ScramServerRefused:
            return "the server ended the SCRAM login with an error; check user and password";
        case ProtocolErrc::ServerNotVerified:
            return "the server ended the login without proving that it knows the password; do not "
                   "trust "
                   "it and check the address";
        case ProtocolErrc::CleartextRefused:
            return "the server asks for the password in clear text over an unprotected connection; "
                   "use "
                   "TLS or scram-sha-256";
        case ProtocolErrc::PasswordMissing:
            return "the server asks for a password and none is configured; add it to the "
                   "connection "
                   "string";
        case ProtocolErrc::PasswordWrong: return "the password does not match";
        case ProtocolErrc::SecretMalformed:
            return "a stored password is empty, or neither plain, 'md5' with 32 hexadecimal digits "
                   "nor "
                   "'SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey'; copy it from pg_authid "
                   "again";
        case ProtocolErrc::SecretUnfit:
            return "what is kept of the user's password cannot answer the server's method: an md5 "
                   "hash serves md5 only, a SCRAM secret serves scram-sha-256 once its user has "
                   "logged in by it; keep the password itself in auth.user_file";
        case ProtocolErrc::ScramSecretDiffers:
            return "the server keeps another SCRAM secret of this user than the sidecar; copy it "
                   "from pg_authid again, or keep the password itself in auth.user_file";
        case ProtocolErrc::CryptoFailed:
            return "OpenSSL refused a digest (MD5 in FIPS mode?); use scram-sha-256";
    }
    return "an unknown protocol error";
}

class ProtocolCategory final : public std::error_category {
public:
    const char* name() const noexcept override { return "protocol"; }
    std::string message(int value) const override {
        return sentence(static_cast<ProtocolErrc>(value));
    }
};

}  // namespace

const std::error_category& protocol_category() {
    static const ProtocolCategory kCategory;
    return kCategory;
}

std::string_view sqlstate_of(const std::error_code& code) {
    if (code.category() != protocol_category()) return sqlstate::kSystemError;
    switch (static_cast<ProtocolErrc>(code.value())) {
        case ProtocolErrc::MessageTooLong:
        case ProtocolErrc::StartupTooLong: return sqlstate::kProgramLimitExceeded;
        case ProtocolErrc::UnsupportedProtocolVersion: return sqlstate::kFeatureNotSupported;
        case ProtocolErrc::MissingUser:
        case ProtocolErrc::AuthMethodUnsupported:
        case ProtocolErrc::ServerNotVerified:
        case ProtocolErrc::ScramServerSignatureWrong:
        case ProtocolErrc::CleartextRefused:
        case ProtocolErrc::SecretUnfit:
        case ProtocolErrc::ScramSecretDiffers:
        case ProtocolErrc::PasswordMissing: return sqlstate::kInvalidAuthorization;
        case ProtocolErrc::PasswordWrong:
        case ProtocolErrc::ScramServerRefused: return sqlstate::kInvalidPassword;
        case ProtocolErrc::OptionsSyntax: return sqlstate::kSyntaxError;
        case ProtocolErrc::SecretMalformed:
        case ProtocolErrc::CryptoFailed: return sqlstate::kSystemError;
        default: return sqlstate::kProtocolViolation;
    }
}

}  // namespace pgsidecar::protocol
