#pragma once

#include <string>

#include "config/loader.hpp"

namespace pgsidecar::app {

/// One line a setting: key, value, source. Secrets masked.
std::string config_text(const config::LoadResult& loaded);

/// {"pool.size":{"value":10,"source":"default"}, ...}. Secrets masked.
std::string config_json(const config::LoadResult& loaded);

}  // namespace pgsidecar::app
