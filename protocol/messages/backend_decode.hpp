#pragma once

#include <cstdint>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "protocol/messages/command_tag.hpp"
#include "protocol/messages/error_fields.hpp"
#include "protocol/messages/transaction_status.hpp"

/// Reading what a server sends. Every function takes the payload of one whole message (after type
/// and length) and returns views into it. No memory is taken.
///
/// Errors, unless said otherwise: MessageTruncated, TrailingBytes, InvalidField.
namespace pgsidecar::protocol {

struct ErrorResponseView {
    ErrorFields fields;
    /// False where the list had no terminator, was cut within a field or had bytes after it. The
    /// fields read so far stand all the same: an error that is hard to read is still an error.
    bool complete = true;
};

/// For ErrorResponse and NoticeResponse. Never fails; unknown fields are skipped, the last of a
/// duplicated field wins (as in libpq), any field, SQLSTATE too, may be missing.
ErrorResponseView decode_error_response(base::Bytes payload);

struct ParameterStatusView {
    std::string_view name;
    std::string_view value;
};
base::Result<ParameterStatusView> decode_parameter_status(base::Bytes payload);

struct BackendKeyDataView {
    std::int32_t pid;
    base::Bytes secret;  ///< 4 to 256 bytes.
};
/// Error also: CancelKeyLength.
base::Result<BackendKeyDataView> decode_backend_key_data(base::Bytes payload);

base::Result<TransactionStatus> decode_ready_for_query(base::Bytes payload);

base::Result<CommandTag> decode_command_complete(base::Bytes payload);

/// The server's answer to a newer minor version or to _pq_. options.
struct NegotiateProtocolVersionView {
    std::int32_t minor;           ///< Newest minor version of 3 that the server speaks.
    std::uint32_t option_count;   ///< Options it does not know.
    base::Bytes unknown_options;  ///< So many zero-terminated names, checked.
};
base::Result<NegotiateProtocolVersionView> decode_negotiate_protocol_version(base::Bytes payload);

enum class AuthenticationKind : std::int32_t {
    Ok = 0,
    KerberosV5 = 2,
    CleartextPassword = 3,
    Md5Password = 5,
    Gss = 7,
    GssContinue = 8,
    Sspi = 9,
    Sasl = 10,
    SaslContinue = 11,
    SaslFinal = 12,
};

struct AuthenticationView {
    AuthenticationKind kind;
    /// Md5Password: the 4-byte salt. Sasl: the list of names, for offers_mechanism(). SaslContinue,
    /// SaslFinal, GssContinue: the mechanism's data. Else empty.
    base::Bytes data;
};
/// An unknown kind is AuthMethodUnsupported.
base::Result<AuthenticationView> decode_authentication(base::Bytes payload);

/// Whether the list of an AuthenticationSASL names this mechanism.
bool offers_mechanism(base::Bytes mechanisms, std::string_view name);

}  // namespace pgsidecar::protocol
