#include <string>

#include "protocol/messages/backend_decode.hpp"
#include "protocol/messages/backend_encode.hpp"
#include "protocol/messages/message_types.hpp"
#include "tests/fuzz/fuzz_target.hpp"

namespace {

using namespace pgsidecar;

/// Payload of the only message in `wire`.
base::Bytes payload_of(const std::string& wire) { return base::as_bytes(wire).subspan(5); }

void check_error(base::Bytes payload) {
    auto first = protocol::decode_error_response(payload).fields;
    std::string wire;
    protocol::append_error_response(wire, first);
    auto again = protocol::decode_error_response(payload_of(wire));
    PGS_CHECK(again.complete);
    PGS_CHECK(again.fields.hint == first.hint.substr(0, protocol::kMaxErrorText));
    PGS_CHECK(!again.fields.sqlstate.empty() && !again.fields.message.empty());
}

void check_parameter(base::Bytes payload) {
    auto view = protocol::decode_parameter_status(payload);
    if (view.has_error()) return;
    std::string wire;
    protocol::append_parameter_status(wire, view->name, view->value);
    PGS_CHECK(base::as_text(payload_of(wire)) == base::as_text(payload));
}

void check_key(base::Bytes payload) {
    auto view = protocol::decode_backend_key_data(payload);
    if (view.has_error()) return;
    std::string wire;
    protocol::append_backend_key_data(wire, view->pid, view->secret);
    PGS_CHECK(base::as_text(payload_of(wire)) == base::as_text(payload));
}

void check_tag(base::Bytes payload) {
    auto tag = protocol::decode_command_complete(payload);
    if (tag.has_error()) return;
    PGS_CHECK(tag->command.size() < payload.size());
    PGS_CHECK(!tag->rows || tag->command.size() + 2 < payload.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    auto payload = test::fuzz_bytes(data, size).subspan(1);
    switch (static_cast<char>(data[0])) {
        case protocol::kErrorResponse: check_error(payload); break;
        case protocol::kParameterStatus: check_parameter(payload); break;
        case protocol::kBackendKeyData: check_key(payload); break;
        case protocol::kCommandComplete: check_tag(payload); break;
        case protocol::kReadyForQuery:
            PGS_CHECK(protocol::decode_ready_for_query(payload).has_error() || payload.size() == 1);
            break;
        case protocol::kNegotiateProtocolVersion:
            if (auto view = protocol::decode_negotiate_protocol_version(payload);
                view.has_value()) {
                PGS_CHECK(view->option_count <= view->unknown_options.size());
            }
            break;
        case protocol::kAuthentication:
            if (auto view = protocol::decode_authentication(payload); view.has_value()) {
                (void)protocol::offers_mechanism(view->data, "SCRAM-SHA-256");
            }
            break;
        default: break;
    }
    return 0;
}
