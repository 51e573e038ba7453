#pragma once

#include <string_view>
#include <system_error>

namespace pgsidecar::protocol {

/// What can be wrong with bytes from a peer, or with values we were asked to encode.
///
/// One sentence each in message(); none quotes the peer's bytes, so every one may be logged.
enum class ProtocolErrc {
    // Any message.
    MessageTruncated = 1,  ///< A field reaches past the end of the message.
    TrailingBytes,         ///< Bytes follow the last field.
    InvalidField,          ///< A field has a value the manual does not allow.
    InvalidLength,         ///< A length word below the smallest possible or negative.
    MessageTooLong,        ///< Above the limit for this message.
    UnknownMessageType,    ///< A type byte the manual does not know in this direction.
    UnexpectedMessage,     ///< A known message at a moment when it is not allowed.
    EmbeddedZero,          ///< A text to encode holds a zero byte, which would end it early.

    // The first packet of a connection.
    StartupTooLong,
    StartupLooksLikeHttp,
    StartupLooksLikeTls,
    StartupLayout,
    UnsupportedProtocolVersion,
    MissingUser,
    CancelKeyLength,
    OptionsSyntax,

    // Logging in, either side.
    AuthMethodUnsupported,
    ScramMechanismUnknown,
    ScramMalformed,
    ScramNonceMismatch,
    ScramNonceTooLong,
    ScramChannelBinding,
    ScramIterationsTooHigh,
    ScramServerSignatureWrong,
    ScramServerRefused,
    ServerNotVerified,
    CleartextRefused,
    PasswordMissing,
    PasswordWrong,
    SecretMalformed,
    SecretUnfit,         ///< What is kept of a password cannot answer the server's method.
    ScramSecretDiffers,  ///< The server keeps another SCRAM secret of the user than we do.
    CryptoFailed,
};

const std::error_category& protocol_category();

inline std::error_code make_error_code(ProtocolErrc errc) {
    return {static_cast<int>(errc), protocol_category()};
}

/// The SQLSTATE to send with such an error: 08P01 unless the manual's appendix has a closer one.
/// Codes of other categories give 58000 (system error).
std::string_view sqlstate_of(const std::error_code& code);

}  // namespace pgsidecar::protocol

template <>
struct std::is_error_code_enum<pgsidecar::protocol::ProtocolErrc> : std::true_type {};
