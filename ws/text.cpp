#include "ws/text.hpp"

#include <algorithm>

namespace pgsidecar::ws {
namespace {

int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

std::string_view trim(std::string_view text) {
    std::size_t begin = text.find_first_not_of(" \t");
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

}  // namespace

std::string lower(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return out;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> out;
    while (!text.empty()) {
        std::size_t end = std::min(text.find(separator), text.size());
        if (std::string_view item = trim(text.substr(0, end)); !item.empty()) out.push_back(item);
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return out;
}

bool is_ipv4_loopback(std::string_view host) {
    int parts = 1;
    std::size_t digits = 0;
    for (char c : host) {
        if (c == '.') {
            if (digits == 0) return false;
            ++parts;
            digits = 0;
        } else if (c >= '0' && c <= '9' && digits < 3) {
            ++digits;
        } else {
            return false;
        }
    }
    return host.starts_with("127.") && parts == 4 && digits != 0;
}

bool is_loopback_address(std::string_view address) {
    return address == "localhost" || address == "::1" || is_ipv4_loopback(address);
}

std::optional<std::string> percent_decode(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '+') {
            out += ' ';
        } else if (text[i] != '%') {
            out += text[i];
        } else {
            if (i + 2 >= text.size()) return std::nullopt;
            int high = hex_value(text[i + 1]), low = hex_value(text[i + 2]);
            if (high < 0 || low < 0) return std::nullopt;
            out += static_cast<char>(high * 16 + low);
            i += 2;
        }
    }
    return out;
}

std::optional<std::string> Target::value(std::string_view name) const {
    for (const auto& [key, value] : query) {
        if (key == name) return value;
    }
    return std::nullopt;
}

std::optional<Target> parse_target(std::string_view target) {
    if (!target.starts_with('/')) return std::nullopt;
    std::size_t mark = std::min(target.find('?'), target.size());
    Target out{std::string(target.substr(0, mark)), {}};
    if (mark == target.size()) return out;
    for (std::string_view item : split(target.substr(mark + 1), '&')) {
        std::size_t equals = std::min(item.find('='), item.size());
        auto name = percent_decode(item.substr(0, equals));
        auto value =
            percent_decode(equals < item.size() ? item.substr(equals + 1) : std::string_view());
        if (!name || !value) return std::nullopt;
        out.query.emplace_back(std::move(*name), std::move(*value));
    }
    return out;
}

}  // namespace pgsidecar::ws
