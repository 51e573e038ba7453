#pragma once

#include <string>
#include <string_view>

namespace pgsidecar::ws {

/// A file that is built into the binary.
struct Asset {
    std::string_view path;  ///< as requested
    std::string_view content_type;
    std::string_view content;
    std::string etag;  ///< strong, of the content
};

/// Null when there is no such file. `/` is the page.
const Asset* find_asset(std::string_view path);

/// True when an If-None-Match header names this ETag.
bool etag_matches(std::string_view if_none_match, std::string_view etag);

}  // namespace pgsidecar::ws
