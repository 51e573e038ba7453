#pragma once

#include <string>
#include <string_view>

namespace pgsidecar::ws {

/// A file that is built into the binary.
struct Asset {
    std::string_view path;  ///< as requested
    std::string_view content_type;
    std::string_view content;
    std::string_view gzip;  ///< the same, compressed when the binary was built
    std::string etag;       ///< strong, of the content
    std::string gzip_etag;  ///< strong, too, and so another
};

/// Null when there is no such file. `/` is the page.
const Asset* find_asset(std::string_view path);

/// Whether an Accept-Encoding header allows gzip (RFC 9110, 12.5.3).
bool accepts_gzip(std::string_view accept_encoding);

/// True when an If-None-Match header names this ETag.
bool etag_matches(std::string_view if_none_match, std::string_view etag);

}  // namespace pgsidecar::ws
