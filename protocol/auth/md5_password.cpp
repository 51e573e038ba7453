#include "protocol/auth/md5_password.hpp"

#include <algorithm>

#include "base/bytes.hpp"
#include "protocol/auth/digests.hpp"

namespace pgsidecar::protocol {
namespace {

constexpr std::string_view kPrefix = "md5";

base::Result<std::string> prefixed(base::Bytes a, base::Bytes b) {
    auto hex = md5_hex({a, b});
    if (hex.has_value()) hex->insert(0, kPrefix);
    return hex;
}

}  // namespace

base::Result<std::string> md5_stored(std::string_view user, std::string_view password) {
    return prefixed(base::as_bytes(password), base::as_bytes(user));
}

base::Result<std::string> md5_response(std::string_view stored,
                                       std::span<const std::byte, 4> salt) {
    stored.remove_prefix(std::min(stored.size(), kPrefix.size()));
    return prefixed(base::as_bytes(stored), salt);
}

bool is_md5_stored(std::string_view text) {
    return text.size() == kPrefix.size() + 32 && text.starts_with(kPrefix) &&
           text.find_first_not_of("0123456789abcdef", kPrefix.size()) == std::string_view::npos;
}

}  // namespace pgsidecar::protocol
