#include "protocol/messages/frontend_encode.hpp"

#include "base/assert.hpp"
#include "protocol/messages/message_types.hpp"
#include "protocol/messages/message_writer.hpp"
#include "protocol/messages/protocol_errc.hpp"
#include "protocol/messages/request_codes.hpp"

namespace pgsidecar::protocol {
namespace {

void append_bare(std::string& out, char type) {
    MessageWriter writer(out);
    writer.begin(type);
    auto done = writer.end();
    PGS_CHECK(done.has_value());
}

base::Result<void> append_text(std::string& out, char type, std::string_view text) {
    MessageWriter writer(out);
    writer.begin(type);
    writer.cstring(text);
    return writer.end();
}

}  // namespace

base::Result<void> append_startup_message(std::string& out,
                                          std::span<const ParameterView> parameters) {
    for (const auto& [name, value] : parameters) {
        // An empty name would end the list for the server.
        if (name.empty()) return make_error_code(ProtocolErrc::InvalidField);
    }
    MessageWriter writer(out);
    writer.begin_untyped();
    writer.i32(kProtocol30);
    for (const auto& [name, value] : parameters) {
        writer.cstring(name);
        writer.cstring(value);
    }
    writer.u8(0);
    return writer.end();
}

void append_ssl_request(std::string& out) {
    MessageWriter writer(out);
    writer.begin_untyped();
    writer.i32(kSslRequestCode);
    auto done = writer.end();
    PGS_CHECK(done.has_value());
}

base::Result<void> append_cancel_request(std::string& out, std::int32_t pid, base::Bytes secret) {
    if (secret.size() < kMinCancelKey || secret.size() > kMaxCancelKey) {
        return make_error_code(ProtocolErrc::CancelKeyLength);
    }
    MessageWriter writer(out);
    writer.begin_untyped();
    writer.i32(kCancelRequestCode);
    writer.i32(pid);
    writer.bytes(secret);
    return writer.end();
}

base::Result<void> append_password_message(std::string& out, std::string_view password) {
    return append_text(out, kPasswordMessage, password);
}

base::Result<void> append_sasl_initial_response(std::string& out, std::string_view mechanism,
                                                std::string_view response) {
    MessageWriter writer(out);
    writer.begin(kPasswordMessage);
    writer.cstring(mechanism);
    writer.i32(static_cast<std::int32_t>(response.size()));
    writer.text(response);
    return writer.end();
}

base::Result<void> append_sasl_response(std::string& out, std::string_view response) {
    MessageWriter writer(out);
    writer.begin(kPasswordMessage);
    writer.text(response);
    return writer.end();
}

base::Result<void> append_query(std::string& out, std::string_view sql) {
    return append_text(out, kQuery, sql);
}

void append_sync(std::string& out) { append_bare(out, kSync); }

void append_terminate(std::string& out) { append_bare(out, kTerminate); }

}  // namespace pgsidecar::protocol
