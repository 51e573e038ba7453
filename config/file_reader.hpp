#pragma once

#include <functional>
#include <string>

#include "base/result.hpp"

namespace pgsidecar::config {

inline constexpr std::size_t kMaxFileBytes = 1'048'576;

/// Reads a whole file. Errors: the system's; file_too_large above kMaxFileBytes; is_a_directory.
using FileReader = std::function<base::Result<std::string>(const std::string& path)>;

/// The real one. Thread: any; blocks.
base::Result<std::string> read_file(const std::string& path);

}  // namespace pgsidecar::config
