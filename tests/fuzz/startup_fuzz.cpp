#include <string>

#include "protocol/startup/startup_options.hpp"
#include "protocol/startup/startup_packet.hpp"
#include "tests/fuzz/fuzz_target.hpp"

namespace {

using namespace pgsidecar;

void check_message(const protocol::StartupMessage& message) {
    PGS_CHECK(!message.user().empty());
    PGS_CHECK(!message.database().empty());
    for (const auto& [name, value] : message.parameters) {
        PGS_CHECK(!name.empty() && !name.starts_with("_pq_."));
        PGS_CHECK(message.find(name).has_value());
    }
    if (auto options = message.find("options")) {
        (void)protocol::parse_startup_options(*options).has_value();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    auto bytes = test::fuzz_bytes(data, size);
    auto parsed_options = protocol::parse_startup_options(base::as_text(bytes));
    if (parsed_options.has_value()) {
        for (const auto& [name, value] : *parsed_options) PGS_CHECK(!name.empty());
    }
    const protocol::StartupLimits limits;
    auto packet = protocol::parse_startup(bytes, limits);
    if (packet.has_error()) return 0;
    PGS_CHECK(packet->length <= limits.max_length);
    if (std::holds_alternative<protocol::NeedBytes>(packet->body)) {
        PGS_CHECK(packet->length > size);
        return 0;
    }
    PGS_CHECK(packet->length <= size);
    if (auto* message = std::get_if<protocol::StartupMessage>(&packet->body))
        check_message(*message);
    if (auto* cancel = std::get_if<protocol::CancelRequest>(&packet->body)) {
        PGS_CHECK(cancel->secret.size() >= 4 && cancel->secret.size() <= 256);
    }
    // The packet alone reads the same.
    auto alone = protocol::parse_startup(bytes.first(packet->length), limits);
    PGS_CHECK(alone.has_value() && alone->body.index() == packet->body.index());
    return 0;
}
