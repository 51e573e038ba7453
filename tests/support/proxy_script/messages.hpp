#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.hpp"

/// Protocol messages written and cut apart by hand, so that tests do not judge protocol/ by itself.
namespace pgsidecar::test {

inline std::string be32(std::uint32_t value) {
    std::string out(4, '\0');
    base::store_be32(reinterpret_cast<std::byte*>(out.data()), value);
    return out;
}
inline std::string be16(std::uint16_t value) {
    return {static_cast<char>(value >> 8), static_cast<char>(value & 0xff)};
}
inline std::string zero_ended(std::string_view text) { return std::string(text) + '\0'; }

inline std::string typed(char type, std::string_view payload = {}) {
    return type + be32(static_cast<std::uint32_t>(payload.size() + 4)) + std::string(payload);
}

using Parameters = std::vector<std::pair<std::string, std::string>>;

// From a client.
inline std::string startup(const Parameters& parameters, std::uint32_t version = 0x30000) {
    std::string body = be32(version);
    for (const auto& [name, value] : parameters) body += zero_ended(name) + zero_ended(value);
    body += '\0';
    return be32(static_cast<std::uint32_t>(body.size() + 4)) + body;
}
inline std::string cancel_request(std::uint32_t pid, std::string_view secret) {
    return be32(static_cast<std::uint32_t>(12 + secret.size())) + be32(80877102) + be32(pid) +
           std::string(secret);
}
inline std::string query(std::string_view sql) { return typed('Q', zero_ended(sql)); }
inline std::string parse(std::string_view name, std::string_view sql) {
    return typed('P', zero_ended(name) + zero_ended(sql) + be16(0));
}
inline std::string bind(std::string_view portal, std::string_view statement) {
    return typed('B', zero_ended(portal) + zero_ended(statement) + be16(0) + be16(0) + be16(0));
}
inline std::string describe(char kind, std::string_view name) {
    return typed('D', kind + zero_ended(name));
}
inline std::string close_named(char kind, std::string_view name) {
    return typed('C', kind + zero_ended(name));
}
inline std::string execute(std::string_view portal, std::uint32_t rows = 0) {
    return typed('E', zero_ended(portal) + be32(rows));
}
inline std::string sync() { return typed('S'); }
inline std::string terminate() { return typed('X'); }
inline std::string password_message(std::string_view text) { return typed('p', zero_ended(text)); }
inline std::string extended(std::string_view sql) {
    return parse("", sql) + bind("", "") + execute("") + sync();
}

// From a server.
inline std::string authentication(std::uint32_t kind, std::string_view data = {}) {
    return typed('R', be32(kind) + std::string(data));
}
inline std::string ready(char status = 'I') { return typed('Z', std::string(1, status)); }
inline std::string complete(std::string_view tag) { return typed('C', zero_ended(tag)); }
inline std::string data_row(std::string_view value) {
    return typed('D',
                 be16(1) + be32(static_cast<std::uint32_t>(value.size())) + std::string(value));
}
inline std::string row_description(std::string_view column) {
    return typed('T', be16(1) + zero_ended(column) + std::string(4, '\0') + be16(0) + be32(25) +
                          be16(0xffff) + be32(0xffffffff) + be16(0));
}
inline std::string parameter_status(std::string_view name, std::string_view value) {
    return typed('S', zero_ended(name) + zero_ended(value));
}
/// routine "model": tells a server's error from one of the proxy's own.
inline std::string error_response(std::string_view severity, std::string_view sqlstate,
                                  std::string_view message) {
    std::string body;
    body += 'S' + zero_ended(severity) + 'V' + zero_ended(severity) + 'C' + zero_ended(sqlstate);
    body += 'M' + zero_ended(message) + 'R' + zero_ended("model") + '\0';
    return typed('E', body);
}

struct Message {
    char type = 0;
    std::string payload;

    /// Of an ErrorResponse or NoticeResponse.
    std::string field(char name) const {
        for (std::size_t at = 0; at < payload.size() && payload[at] != '\0';) {
            std::size_t end = payload.find('\0', at);
            if (payload[at] == name) return payload.substr(at + 1, end - at - 1);
            at = end + 1;
        }
        return {};
    }
    /// The one column of a DataRow as data_row() makes it.
    std::string value() const { return payload.size() < 6 ? std::string() : payload.substr(6); }
};

/// Takes the whole messages from the front of bytes.
inline std::vector<Message> cut_messages(std::string& bytes) {
    std::vector<Message> messages;
    std::size_t at = 0;
    while (bytes.size() - at >= 5) {
        std::size_t length = base::load_be32(base::as_bytes(bytes).data() + at + 1);
        if (bytes.size() - at - 1 < length) break;
        messages.push_back({bytes[at], bytes.substr(at + 5, length - 4)});
        at += 1 + length;
    }
    bytes.erase(0, at);
    return messages;
}

/// "TDCZ": what came, in one word.
inline std::string types_of(const std::vector<Message>& messages) {
    std::string types;
    for (const auto& message : messages) types.push_back(message.type);
    return types;
}

}  // namespace pgsidecar::test
