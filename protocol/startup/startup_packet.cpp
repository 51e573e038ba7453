#include "protocol/startup/startup_packet.hpp"

#include <algorithm>
#include <array>

#include "protocol/messages/protocol_errc.hpp"
#include "protocol/messages/request_codes.hpp"

namespace pgsidecar::protocol {
namespace {

constexpr std::size_t kHeader = 8;  // Length word and version or request code.

/// Names the wrong protocol, given a length word that no PostgreSQL client sends.
std::error_code wrong_protocol(base::Bytes bytes) {
    constexpr auto kMethods = std::to_array<std::string_view>(
        {"GET ", "POST", "HEAD", "PUT ", "DELE", "OPTI", "PATC", "CONN", "TRAC", "PRI "});
    std::string_view first = base::as_text(bytes.first(4));
    if (std::find(kMethods.begin(), kMethods.end(), first) != kMethods.end()) {
        return ProtocolErrc::StartupLooksLikeHttp;
    }
    // A TLS record of type handshake, version 3.x (RFC 8446, section 5.1).
    if (bytes[0] == std::byte{0x16} && bytes[1] == std::byte{0x03}) {
        return ProtocolErrc::StartupLooksLikeTls;
    }
    return ProtocolErrc::StartupTooLong;
}

std::error_code read_parameters(base::Bytes list, StartupMessage& message) {
    base::ByteReader reader(list);
    while (true) {
        auto name = reader.cstring();
        if (!name) return ProtocolErrc::StartupLayout;
        if (name->empty()) break;
        auto value = reader.cstring();
        if (!value) return ProtocolErrc::StartupLayout;
        if (name->starts_with("_pq_.")) {
            message.unknown_options.push_back(*name);
        } else {
            message.parameters.emplace_back(*name, *value);
        }
    }
    // An empty name before the end is refused with this too.
    if (!reader.at_end()) return ProtocolErrc::StartupLayout;
    return {};
}

base::Result<StartupMessage> parse_message(std::int32_t version, base::Bytes list) {
    if ((version >> 16) != 3) return make_error_code(ProtocolErrc::UnsupportedProtocolVersion);
    StartupMessage message{static_cast<std::uint16_t>(version & 0xffff), {}, {}};
    if (auto error = read_parameters(list, message)) return error;
    if (message.find("user").value_or("").empty())
        return make_error_code(ProtocolErrc::MissingUser);
    return message;
}

base::Result<CancelRequest> parse_cancel(base::Bytes rest) {
    base::ByteReader reader(rest);
    auto pid = reader.i32();
    if (!pid || reader.remaining() < kMinCancelKey || reader.remaining() > kMaxCancelKey) {
        return make_error_code(ProtocolErrc::CancelKeyLength);
    }
    return CancelRequest{*pid, rest.subspan(4)};
}

}  // namespace

std::optional<std::string_view> StartupMessage::find(std::string_view name) const {
    auto found = std::find_if(parameters.rbegin(), parameters.rend(),
                              [&](const Parameter& parameter) { return parameter.first == name; });
    if (found == parameters.rend()) return std::nullopt;
    return found->second;
}

std::string_view StartupMessage::database() const {
    std::string_view given = find("database").value_or("");
    return given.empty() ? user() : given;
}

base::Result<StartupPacket> parse_startup(base::Bytes bytes, const StartupLimits& limits) {
    if (bytes.size() < 4) return StartupPacket{4, NeedBytes{}};
    const std::uint32_t length = base::load_be32(bytes.data());
    if (length < kHeader || length > 0x7fffffff)
        return make_error_code(ProtocolErrc::InvalidLength);
    if (length > limits.max_length) return wrong_protocol(bytes);
    if (bytes.size() < length) return StartupPacket{length, NeedBytes{}};

    const auto code = static_cast<std::int32_t>(base::load_be32(bytes.data() + 4));
    const base::Bytes rest = bytes.subspan(kHeader, length - kHeader);
    if (code == kSslRequestCode || code == kGssEncRequestCode) {
        if (!rest.empty()) return make_error_code(ProtocolErrc::InvalidLength);
        if (code == kSslRequestCode) return StartupPacket{length, SslRequest{}};
        return StartupPacket{length, GssEncRequest{}};
    }
    if (code == kCancelRequestCode) {
        auto cancel = parse_cancel(rest);
        if (cancel.has_error()) return cancel.error();
        return StartupPacket{length, *cancel};
    }
    auto message = parse_message(code, rest);
    if (message.has_error()) return message.error();
    return StartupPacket{length, std::move(*message)};
}

}  // namespace pgsidecar::protocol
