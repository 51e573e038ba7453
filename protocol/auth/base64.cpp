#include "protocol/auth/base64.hpp"

#include <cstdint>

namespace pgsidecar::protocol {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::uint32_t at(base::Bytes data, std::size_t i) {
    return i < data.size() ? std::to_integer<std::uint32_t>(data[i]) : 0;
}

}  // namespace

std::string base64_encode(base::Bytes data) {
    std::string text;
    text.reserve((data.size() + 2) / 3 * 4);
    for (std::size_t i = 0; i < data.size(); i += 3) {
        std::uint32_t group = at(data, i) << 16 | at(data, i + 1) << 8 | at(data, i + 2);
        text.push_back(kAlphabet[group >> 18]);
        text.push_back(kAlphabet[group >> 12 & 63]);
        text.push_back(i + 1 < data.size() ? kAlphabet[group >> 6 & 63] : '=');
        text.push_back(i + 2 < data.size() ? kAlphabet[group & 63] : '=');
    }
    return text;
}

std::optional<std::vector<std::byte>> base64_decode(std::string_view text) {
    if (text.size() % 4 != 0) return std::nullopt;
    std::size_t padding = text.ends_with("==") ? 2 : text.ends_with("=") ? 1 : 0;
    std::vector<std::byte> data;
    data.reserve(text.size() / 4 * 3);
    std::uint32_t group = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        std::size_t value = i < text.size() - padding ? kAlphabet.find(text[i]) : 0;
        if (value == std::string_view::npos) return std::nullopt;
        group = group << 6 | static_cast<std::uint32_t>(value);
        if (i % 4 != 3) continue;
        for (unsigned shift : {16u, 8u, 0u})
            data.push_back(static_cast<std::byte>(group >> shift & 255));
        group = 0;
    }
    // What the padding stands for must be zero, or two texts would mean the same bytes.
    for (; padding > 0; --padding) {
        if (data.back() != std::byte{0}) return std::nullopt;
        data.pop_back();
    }
    return data;
}

}  // namespace pgsidecar::protocol
