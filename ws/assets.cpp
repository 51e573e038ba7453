#include "ws/assets.hpp"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "ws/text.hpp"

// name in assets.cmake, path, type
#define PGS_ASSETS(X)                                      \
    X(index_html, "/", "text/html; charset=utf-8")         \
    X(app_css, "/app.css", "text/css; charset=utf-8")      \
    X(icon_svg, "/icon.svg", "image/svg+xml")              \
    X(app_js, "/app.js", "text/javascript; charset=utf-8") \
    X(schema_json, "/ws/schema.json", "application/schema+json; charset=utf-8")

// From assets.S, which the build writes: the files as they are, between two labels each.
#define PGS_DECLARE(name, path, type) \
    extern "C" const char pgs_asset_##name##_begin[], pgs_asset_##name##_end[];
PGS_ASSETS(PGS_DECLARE)
#undef PGS_DECLARE

namespace pgsidecar::ws {
namespace {

/// FNV-1a, 64 bits: tells versions of a file apart, protects nothing.
std::string content_tag(std::string_view content) {
    std::uint64_t hash = 14695981039346656037ULL;
    for (char c : content) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
    static constexpr std::string_view kDigits = "0123456789abcdef";
    std::string out = "\"";
    for (int shift = 60; shift >= 0; shift -= 4) out += kDigits[hash >> shift & 15];
    return out + '"';
}

Asset make(std::string_view path, std::string_view type, const char* begin, const char* end) {
    std::string_view content(begin, static_cast<std::size_t>(end - begin));
    return {path, type, content, content_tag(content)};
}

const std::vector<Asset>& assets() {
#define PGS_MAKE(name, path, type) \
    make(path, type, pgs_asset_##name##_begin, pgs_asset_##name##_end),
    static const std::vector<Asset> all{PGS_ASSETS(PGS_MAKE)};
#undef PGS_MAKE
    return all;
}

}  // namespace

const Asset* find_asset(std::string_view path) {
    const auto& all = assets();
    auto found = std::find_if(all.begin(), all.end(),
                              [&](const Asset& asset) { return asset.path == path; });
    return found == all.end() ? nullptr : &*found;
}

bool etag_matches(std::string_view if_none_match, std::string_view etag) {
    for (std::string_view item : split(if_none_match, ',')) {
        if (item == "*" || item == etag) return true;
        if (item.starts_with("W/") && item.substr(2) == etag) return true;
    }
    return false;
}

}  // namespace pgsidecar::ws
