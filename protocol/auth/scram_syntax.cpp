#include "protocol/auth/scram_syntax.hpp"

#include <algorithm>
#include <array>

#include "protocol/auth/base64.hpp"

namespace pgsidecar::protocol {

std::optional<std::string_view> ScramAttributes::take(char name) {
    if (rest_.size() < 2 || rest_[0] != name || rest_[1] != '=') return std::nullopt;
    std::size_t comma = rest_.find(',');
    // "a=x," has an attribute without a name behind it.
    if (comma + 1 == rest_.size()) return std::nullopt;
    std::string_view value = rest_.substr(2, comma == std::string_view::npos ? comma : comma - 2);
    rest_ = comma == std::string_view::npos ? std::string_view() : rest_.substr(comma + 1);
    return value;
}

bool is_scram_nonce(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(),
                                        [](char c) { return c >= 0x21 && c <= 0x7e && c != ','; });
}

std::string make_scram_nonce(base::Entropy& entropy) {
    std::array<std::byte, 18> raw;
    entropy.fill(raw);
    return base64_encode(raw);
}

}  // namespace pgsidecar::protocol
