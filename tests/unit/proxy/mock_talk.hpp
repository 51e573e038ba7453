#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/random.hpp"
#include "proxy/mock/mock_server.hpp"
#include "tests/support/exact_buffer.hpp"
#include "tests/support/proxy_script/messages.hpp"

namespace pgsidecar::test {

/// 2026-11-20 10:00:00.5 UTC.
inline constexpr std::int64_t kMockNowUs = 1'795'168'800'500'000;

/// A client of one MockServer, in bytes. Each answer is told as lines, such as
/// `T a:23 b:25`, `D 1|NULL`, `C SELECT 1`, `E 42601 ...`, `Z I`.
class MockTalk {
public:
    using Lines = std::vector<std::string>;

    explicit MockTalk(const Parameters& parameters = {{"user", "app"}, {"database", "shop"}}) {
        welcome = say(startup(parameters));
    }

    /// The answer to these bytes, fed in pieces of at most that size.
    Lines say(std::string_view bytes, std::size_t piece = std::string_view::npos) {
        return lines(raw(bytes, piece));
    }
    std::string raw(std::string_view bytes, std::size_t piece = std::string_view::npos) {
        std::string out;
        while (!bytes.empty()) {
            ExactBuffer part(bytes.substr(0, piece));
            bytes.remove_prefix(part.bytes().size());
            server.feed(part.bytes());
            do {
                std::string some;
                server.work(some, 1, {0, now_us});
                out += some;
            } while (server.has_work());
        }
        return out;
    }
    Lines ask(std::string_view sql) { return say(query(sql)); }
    /// Parse, Bind with these text parameters, Describe, Execute, Sync.
    Lines ask(std::string_view sql, const std::vector<std::optional<std::string>>& parameters) {
        return say(parse("", sql) + bind_text(parameters) + describe('P', "") + execute("") +
                   sync());
    }
    /// The rows of a Query, "a|b" each; or its error.
    Lines rows(std::string_view sql) {
        Lines out;
        for (const std::string& line : ask(sql)) {
            if (line.starts_with("D ")) out.push_back(line.substr(2));
            if (line.starts_with("E ")) out.push_back(line);
        }
        return out;
    }
    std::string scalar(std::string_view sql) {
        auto all = rows(sql);
        return all.size() == 1 ? all[0] : std::to_string(all.size()) + " rows";
    }
    std::string tag(std::string_view sql) {
        std::string out;
        for (const std::string& line : ask(sql))
            if (line[0] == 'C' || line[0] == 'E') out += (out.empty() ? "" : "; ") + line.substr(2);
        return out;
    }

    static std::string bind_text(const std::vector<std::optional<std::string>>& parameters,
                                 std::uint16_t result_format = 0) {
        std::string body = zero_ended("") + zero_ended("") + be16(0) +
                           be16(static_cast<std::uint16_t>(parameters.size()));
        for (const auto& value : parameters)
            body +=
                value ? be32(static_cast<std::uint32_t>(value->size())) + *value : be32(0xffffffff);
        return typed('B', body + be16(1) + be16(result_format));
    }

    static Lines lines(std::string bytes) {
        Lines out;
        for (const Message& message : cut_messages(bytes)) out.push_back(line_of(message));
        if (!bytes.empty()) out.push_back("half a message");
        return out;
    }

    base::SeededEntropy entropy{7};
    proxy::mock::StatementCheck check;
    proxy::mock::TableBook tables;
    proxy::mock::MockServer server{check, tables, entropy, 4711};
    std::int64_t now_us = kMockNowUs;
    Lines welcome;

private:
    static std::uint16_t load16(std::string_view at) {
        return base::load_be16(base::as_bytes(at).data());
    }
    static std::uint32_t load32(std::string_view at) {
        return base::load_be32(base::as_bytes(at).data());
    }
    static std::string printable(std::string_view bytes) {
        std::string out;
        for (char c : bytes) {
            auto u = static_cast<unsigned char>(c);
            constexpr std::string_view kHex = "0123456789abcdef";
            if (u >= 0x20 && u < 0x7f) {
                out += c;
            } else {
                out += std::string("\\x") + kHex[u >> 4] + kHex[u & 15];
            }
        }
        return out;
    }
    static std::string row(std::string_view payload) {
        std::string out;
        std::size_t count = load16(payload), at = 2;
        for (std::size_t i = 0; i < count; ++i) {
            std::uint32_t size = load32(payload.substr(at));
            at += 4;
            if (i > 0) out += '|';
            out += size == 0xffffffff ? "NULL" : printable(payload.substr(at, size));
            if (size != 0xffffffff) at += size;
        }
        return out;
    }
    static std::string columns(std::string_view payload) {
        std::string out;
        std::size_t count = load16(payload), at = 2;
        for (std::size_t i = 0; i < count; ++i) {
            std::size_t end = payload.find('\0', at);
            out += ' ' + std::string(payload.substr(at, end - at)) + ':' +
                   std::to_string(load32(payload.substr(end + 7)));
            if (load16(payload.substr(end + 17)) == 1) out += 'b';
            at = end + 19;
        }
        return out;
    }
    static std::string line_of(const Message& message) {
        std::string type(1, message.type);
        switch (message.type) {
            case 'D': return "D " + row(message.payload);
            case 'T': return "T" + columns(message.payload);
            case 't': {
                std::string out = "t";
                for (std::size_t i = 0; i < load16(message.payload); ++i)
                    out += ' ' + std::to_string(load32(message.payload.substr(2 + 4 * i)));
                return out;
            }
            case 'E':
            case 'N': return type + ' ' + message.field('C') + ' ' + message.field('M');
            case 'C':
            case 'Z': return type + ' ' + message.payload.substr(0, message.payload.find('\0'));
            case 'K': return "K";
            default:
                return message.payload.empty() ? type : type + ' ' + printable(message.payload);
        }
    }
};

}  // namespace pgsidecar::test
