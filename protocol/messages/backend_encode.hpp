#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "protocol/messages/error_fields.hpp"
#include "protocol/messages/request_codes.hpp"
#include "protocol/messages/transaction_status.hpp"

/// Messages that we send to clients as their server. Each appends one whole message to `out`.
///
/// They cannot fail: texts are cut at a zero byte, those of errors also at kMaxErrorText.
namespace pgsidecar::protocol {

/// Longest text of one error field; longer ones are cut.
inline constexpr std::size_t kMaxErrorText = 8192;

void append_authentication_ok(std::string& out);
void append_authentication_cleartext_password(std::string& out);
void append_authentication_md5_password(std::string& out, std::span<const std::byte, 4> salt);
/// Mechanism names in order of preference, none empty.
void append_authentication_sasl(std::string& out, std::span<const std::string_view> mechanisms);
void append_authentication_sasl_continue(std::string& out, std::string_view data);
void append_authentication_sasl_final(std::string& out, std::string_view data);

void append_parameter_status(std::string& out, std::string_view name, std::string_view value);
/// `secret`: 4 bytes for protocol 3.0, up to 256 from 3.2 on.
void append_backend_key_data(std::string& out, std::int32_t pid, base::Bytes secret);
void append_ready_for_query(std::string& out, TransactionStatus status);
void append_command_complete(std::string& out, std::string_view tag);
void append_empty_query_response(std::string& out);
void append_parse_complete(std::string& out);
void append_bind_complete(std::string& out);
void append_close_complete(std::string& out);
void append_no_data(std::string& out);
/// At most 65,535 types, as the field counts them.
void append_parameter_description(std::string& out, std::span<const std::uint32_t> types);

/// Severity is sent as S and V. An empty severity becomes ERROR, an empty SQLSTATE XX000: a driver
/// may crash on an error that lacks them.
void append_error_response(std::string& out, const ErrorFields& fields);
/// The same for notices; an empty severity becomes NOTICE, an empty SQLSTATE 00000.
void append_notice_response(std::string& out, const ErrorFields& fields);

/// `version` as real servers send it: major and minor in one number, not the minor alone as the
/// manual says. `unknown_options`: the _pq_. names of the start-up packet.
void append_negotiate_protocol_version(std::string& out, std::int32_t version,
                                       std::span<const std::string_view> unknown_options);

}  // namespace pgsidecar::protocol
