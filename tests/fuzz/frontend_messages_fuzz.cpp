#include <string>

#include "protocol/messages/frontend_decode.hpp"
#include "protocol/messages/frontend_encode.hpp"
#include "protocol/messages/message_types.hpp"
#include "tests/fuzz/fuzz_target.hpp"

namespace {

using namespace pgsidecar;

void check_query(base::Bytes payload) {
    auto text = protocol::decode_query(payload);
    if (text.has_error()) return;
    std::string wire;
    PGS_CHECK(protocol::append_query(wire, *text).has_value());
    PGS_CHECK(base::as_text(base::as_bytes(wire).subspan(5)) == base::as_text(payload));
}

void check_parse(base::Bytes payload) {
    auto head = protocol::decode_parse_head(payload);
    auto whole = protocol::decode_parse(payload);
    if (whole.has_error()) return;
    PGS_CHECK(head.has_value() && head->whole_query);
    PGS_CHECK(head->name == whole->name && head->query == whole->query);
    PGS_CHECK(whole->param_types.size() == std::size_t{whole->param_count} * 4);
}

void check_sasl(base::Bytes payload) {
    (void)protocol::decode_password(payload).has_value();
    auto view = protocol::decode_sasl_initial_response(payload);
    if (view.has_error() || !view->response) return;
    std::string wire;
    PGS_CHECK(
        protocol::append_sasl_initial_response(wire, view->mechanism, *view->response).has_value());
    PGS_CHECK(base::as_text(base::as_bytes(wire).subspan(5)) == base::as_text(payload));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    auto payload = test::fuzz_bytes(data, size).subspan(1);
    switch (static_cast<char>(data[0])) {
        case protocol::kQuery: check_query(payload); break;
        case protocol::kParse: check_parse(payload); break;
        case protocol::kPasswordMessage: check_sasl(payload); break;
        case protocol::kBind:
            if (auto head = protocol::decode_bind_head(payload); head.has_value()) {
                PGS_CHECK(head->size == head->portal.size() + head->statement.size() + 2);
                PGS_CHECK(head->size <= payload.size());
            }
            break;
        case protocol::kClose:
        case protocol::kDescribe:
            if (auto target = protocol::decode_target(payload); target.has_value()) {
                PGS_CHECK(target->name.size() + 2 == payload.size());
            }
            break;
        case protocol::kExecute:
            if (auto execute = protocol::decode_execute(payload); execute.has_value()) {
                PGS_CHECK(execute->portal.size() + 5 == payload.size());
            }
            break;
        default: break;
    }
    return 0;
}
