#include "config/settings.hpp"
#include "config/table/field.hpp"

namespace pgsidecar::config {

std::string_view to_string(PoolMode mode) {
    return table::Words<PoolMode>::kAll[static_cast<std::size_t>(mode)];
}

}  // namespace pgsidecar::config
