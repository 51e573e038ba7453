#pragma once

#include <string_view>
#include <vector>

#include "config/loader.hpp"

namespace pgsidecar::config {

/// What a configuration that was loaded again comes to beside the one in use.
struct Reload {
    /// What is to be used from now on: the new one, but with the present value of every setting
    /// that needs a restart. Only to be used when ok(): the mixture is held to the rules again.
    LoadResult loaded;
    std::vector<std::string_view> changed;        ///< keys that take effect now
    std::vector<std::string_view> needs_restart;  ///< keys that differ, and wait for the next start
};

/// present: in use, as the last reload left it. next: freshly loaded; with mistakes it comes back
/// as it is, with nothing changed.
Reload reload(const LoadResult& present, LoadResult next);

}  // namespace pgsidecar::config
