#pragma once

#include <string>

#include "app/cli/outage_outlook.hpp"

namespace pgsidecar::app {

/// For people: a block for each statement, at most 100 columns wide. Without literals.
std::string outlook_text(const TextOutlook& outlook);

/// The same as one JSON object.
std::string outlook_json(const TextOutlook& outlook);

}  // namespace pgsidecar::app
