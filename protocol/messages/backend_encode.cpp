#include "protocol/messages/backend_encode.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "protocol/messages/message_types.hpp"
#include "protocol/messages/message_writer.hpp"
#include "protocol/messages/sqlstate.hpp"

namespace pgsidecar::protocol {
namespace {

// Authentication request codes (manual, "Message Formats").
constexpr std::int32_t kOk = 0;
constexpr std::int32_t kCleartextPassword = 3;
constexpr std::int32_t kMd5Password = 5;
constexpr std::int32_t kSasl = 10;
constexpr std::int32_t kSaslContinue = 11;
constexpr std::int32_t kSaslFinal = 12;

void finish(MessageWriter& writer) {
    auto done = writer.end();
    PGS_CHECK(done.has_value());
}

void append_authentication(std::string& out, std::int32_t code, base::Bytes rest = {}) {
    MessageWriter writer(out);
    writer.begin(kAuthentication);
    writer.i32(code);
    writer.bytes(rest);
    finish(writer);
}

void append_bare(std::string& out, char type) {
    MessageWriter writer(out);
    writer.begin(type);
    finish(writer);
}

void error_field(MessageWriter& writer, char code, std::string_view value) {
    if (value.empty()) return;
    writer.u8(static_cast<std::uint8_t>(code));
    writer.cstring(until_zero(value.substr(0, kMaxErrorText)));
}

void append_fields(std::string& out, char type, const ErrorFields& fields,
                   std::string_view severity, std::string_view sqlstate) {
    MessageWriter writer(out);
    writer.begin(type);
    error_field(writer, 'S', severity);
    error_field(writer, 'V', severity);
    error_field(writer, 'C', sqlstate);
    // The manual says that M is always present.
    error_field(writer, 'M',
                fields.message.empty() ? std::string_view("no message") : fields.message);
    error_field(writer, 'D', fields.detail);
    error_field(writer, 'H', fields.hint);
    error_field(writer, 'P', fields.position);
    error_field(writer, 'p', fields.internal_position);
    error_field(writer, 'q', fields.internal_query);
    error_field(writer, 'W', fields.where);
    error_field(writer, 's', fields.schema);
    error_field(writer, 't', fields.table);
    error_field(writer, 'c', fields.column);
    error_field(writer, 'd', fields.data_type);
    error_field(writer, 'n', fields.constraint);
    error_field(writer, 'F', fields.file);
    error_field(writer, 'L', fields.line);
    error_field(writer, 'R', fields.routine);
    writer.u8(0);
    finish(writer);
}

std::string_view first_non_empty(std::string_view a, std::string_view b) {
    return a.empty() ? b : a;
}

}  // namespace

void append_authentication_ok(std::string& out) { append_authentication(out, kOk); }

void append_authentication_cleartext_password(std::string& out) {
    append_authentication(out, kCleartextPassword);
}

void append_authentication_md5_password(std::string& out, std::span<const std::byte, 4> salt) {
    append_authentication(out, kMd5Password, salt);
}

void append_authentication_sasl(std::string& out, std::span<const std::string_view> mechanisms) {
    MessageWriter writer(out);
    writer.begin(kAuthentication);
    writer.i32(kSasl);
    for (std::string_view mechanism : mechanisms) writer.cstring(until_zero(mechanism));
    writer.u8(0);
    finish(writer);
}

void append_authentication_sasl_continue(std::string& out, std::string_view data) {
    append_authentication(out, kSaslContinue, base::as_bytes(data));
}

void append_authentication_sasl_final(std::string& out, std::string_view data) {
    append_authentication(out, kSaslFinal, base::as_bytes(data));
}

void append_parameter_status(std::string& out, std::string_view name, std::string_view value) {
    MessageWriter writer(out);
    writer.begin(kParameterStatus);
    writer.cstring(until_zero(name));
    writer.cstring(until_zero(value));
    finish(writer);
}

void append_backend_key_data(std::string& out, std::int32_t pid, base::Bytes secret) {
    MessageWriter writer(out);
    writer.begin(kBackendKeyData);
    writer.i32(pid);
    writer.bytes(secret);
    finish(writer);
}

void append_ready_for_query(std::string& out, TransactionStatus status) {
    MessageWriter writer(out);
    writer.begin(kReadyForQuery);
    writer.u8(static_cast<std::uint8_t>(status));
    finish(writer);
}

void append_command_complete(std::string& out, std::string_view tag) {
    MessageWriter writer(out);
    writer.begin(kCommandComplete);
    writer.cstring(until_zero(tag));
    finish(writer);
}

void append_empty_query_response(std::string& out) { append_bare(out, kEmptyQueryResponse); }
void append_parse_complete(std::string& out) { append_bare(out, kParseComplete); }
void append_bind_complete(std::string& out) { append_bare(out, kBindComplete); }
void append_close_complete(std::string& out) { append_bare(out, kCloseComplete); }
void append_no_data(std::string& out) { append_bare(out, kNoData); }

void append_parameter_description(std::string& out, std::span<const std::uint32_t> types) {
    types = types.first(std::min<std::size_t>(types.size(), 0xffff));
    MessageWriter writer(out);
    writer.begin(kParameterDescription);
    writer.i16(static_cast<std::int16_t>(types.size()));
    for (std::uint32_t type : types) writer.i32(static_cast<std::int32_t>(type));
    finish(writer);
}

void append_error_response(std::string& out, const ErrorFields& fields) {
    append_fields(out, kErrorResponse, fields, first_non_empty(fields.severity, "ERROR"),
                  first_non_empty(fields.sqlstate, sqlstate::kInternalError));
}

void append_notice_response(std::string& out, const ErrorFields& fields) {
    append_fields(out, kNoticeResponse, fields, first_non_empty(fields.severity, "NOTICE"),
                  first_non_empty(fields.sqlstate, sqlstate::kSuccessful));
}

void append_negotiate_protocol_version(std::string& out, std::int32_t version,
                                       std::span<const std::string_view> unknown_options) {
    MessageWriter writer(out);
    writer.begin(kNegotiateProtocolVersion);
    writer.i32(version);
    writer.i32(static_cast<std::int32_t>(unknown_options.size()));
    for (std::string_view option : unknown_options) writer.cstring(until_zero(option));
    finish(writer);
}

}  // namespace pgsidecar::protocol
