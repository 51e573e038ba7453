#include "config/reload.hpp"

#include <string>
#include <utility>

#include "config/layers.hpp"
#include "config/settings_table.hpp"

namespace pgsidecar::config {

namespace {

/// The present value and where it came from, in place of the new one.
void keep(const Setting& setting, const LoadResult& present, LoadResult& next) {
    setting.field.write(next.settings, setting.field.read(present.settings));
    const auto source = present.sources.find(setting.key);
    if (source == present.sources.end()) {
        next.sources.erase(setting.key);
    } else {
        next.sources[setting.key] = source->second;
    }
}

}  // namespace

Reload reload(const LoadResult& present, LoadResult next) {
    Reload made;
    made.loaded = std::move(next);
    if (!made.loaded.ok()) return made;
    for (const auto& setting : settings_table()) {
        if (setting.field.read(present.settings) == setting.field.read(made.loaded.settings))
            continue;
        if (setting.reloadable) {
            made.changed.push_back(setting.key);
        } else {
            made.needs_restart.push_back(setting.key);
            keep(setting, present, made.loaded);
        }
    }
    // Values that agree with each other in the file may not with one that is kept.
    if (!made.needs_restart.empty()) check_rules(made.loaded, {});
    return made;
}

}  // namespace pgsidecar::config
