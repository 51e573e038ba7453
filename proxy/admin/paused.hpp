#pragma once

#include <memory>
#include <set>
#include <string>

namespace pgsidecar::proxy::admin {

/// Which databases are paused.
struct Paused {
    bool all = false;
    std::set<std::string> databases;

    bool holds(const std::string& database) const { return all || databases.contains(database); }
    bool none() const { return !all && databases.empty(); }
};

using PausedPtr = std::shared_ptr<const Paused>;

}  // namespace pgsidecar::proxy::admin
