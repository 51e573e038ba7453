#pragma once

#include <memory>
#include <string>

#include "base/random.hpp"
#include "config/settings.hpp"
#include "config/upstream.hpp"
#include "model/spool_progress.hpp"
#include "proxy/core/options.hpp"
#include "proxy/core/user_file.hpp"

namespace pgsidecar::app {

/// What the data plane's options are made of, at the start and at each reload.
struct PlaneOptionsParts {
    std::shared_ptr<const config::Settings> settings;
    const config::Upstream& upstream;
    std::string connection_id;
    const model::SpoolProgress* progress = nullptr;
    std::shared_ptr<const proxy::Options> before;  ///< null at the start
};

/// Reads the user file, too, into users. Null and a sentence when something cannot be used.
std::shared_ptr<proxy::Options> plane_options(const PlaneOptionsParts& parts,
                                              base::Entropy& entropy, proxy::UserFile& users,
                                              std::string& problem);

}  // namespace pgsidecar::app
