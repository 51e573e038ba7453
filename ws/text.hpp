#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pgsidecar::ws {

/// ASCII only.
std::string lower(std::string_view text);

/// Parts between separators, without surrounding blanks; empty parts are left out.
std::vector<std::string_view> split(std::string_view text, char separator);

/// 127.0.0.0/8 in its four-part form.
bool is_ipv4_loopback(std::string_view host);

/// A loopback address or `localhost`.
bool is_loopback_address(std::string_view address);

/// `%41` and `+` undone; nothing when the text is broken.
std::optional<std::string> percent_decode(std::string_view text);

/// A request target: its path, and its query in order.
struct Target {
    std::string path;
    std::vector<std::pair<std::string, std::string>> query;

    /// The first value of that name.
    std::optional<std::string> value(std::string_view name) const;
};

/// Nothing when it does not start with `/` or is wrongly encoded. The path is not decoded: no route
/// needs it.
std::optional<Target> parse_target(std::string_view target);

}  // namespace pgsidecar::ws
