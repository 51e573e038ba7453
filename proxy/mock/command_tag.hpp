#pragma once

#include <string>
#include <vector>

namespace pgsidecar::proxy::mock {

/// PostgreSQL's tag for a statement that returns nothing and counts nothing, from its first words
/// in lower case (cmdtaglist.h).
std::string command_tag_of(const std::vector<std::string>& head);

}  // namespace pgsidecar::proxy::mock
