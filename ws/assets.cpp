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
#define PGS_DECLARE(name, path, type)                                           \
    extern "C" const char pgs_asset_##name##_begin[], pgs_asset_##name##_end[], \
        pgs_asset_##name##_gz_begin[], pgs_asset_##name##_gz_end[];
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

std::string_view between(const char* begin, const char* end) {
    return {begin, static_cast<std::size_t>(end - begin)};
}

const std::vector<Asset>& assets() {
#define PGS_MAKE(name, path, type)                                         \
    Asset{path,                                                            \
          type,                                                            \
          between(pgs_asset_##name##_begin, pgs_asset_##name##_end),       \
          between(pgs_asset_##name##_gz_begin, pgs_asset_##name##_gz_end), \
          {},                                                              \
          {}},
    static const std::vector<Asset> all = [] {
        std::vector<Asset> made{PGS_ASSETS(PGS_MAKE)};
        for (Asset& asset : made) {
            asset.etag = content_tag(asset.content);
            asset.gzip_etag = content_tag(asset.gzip);
        }
        return made;
    }();
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

bool accepts_gzip(std::string_view accept_encoding) {
    for (std::string_view item : split(accept_encoding, ',')) {
        auto parts = split(item, ';');
        if (parts.empty() || (parts[0] != "gzip" && parts[0] != "*")) continue;
        // gzip;q=0 and gzip;q=0.000 say that it is not wanted.
        bool refused = parts.size() > 1 && parts[1].starts_with("q=0") &&
                       parts[1].find_first_of("123456789") == std::string_view::npos;
        if (!refused) return true;
        if (parts[0] == "gzip") return false;
    }
    return false;
}

bool etag_matches(std::string_view if_none_match, std::string_view etag) {
    for (std::string_view item : split(if_none_match, ',')) {
        if (item == "*" || item == etag) return true;
        if (item.starts_with("W/") && item.substr(2) == etag) return true;
    }
    return false;
}

}  // namespace pgsidecar::ws
