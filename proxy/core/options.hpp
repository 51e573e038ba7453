#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/settings.hpp"
#include "config/upstream.hpp"
#include "model/outage_policy.hpp"
#include "model/spool_progress.hpp"
#include "proxy/core/client_census.hpp"
#include "proxy/core/credentials.hpp"
#include "proxy/core/pool_share.hpp"

namespace pgsidecar::proxy {

namespace mock {
class TableBook;
}

/// What the data plane is built with. Immutable; shared by the workers.
struct Options {
    std::shared_ptr<const config::Settings> settings;
    config::Upstream upstream;  ///< where the database is, and the sidecar's own credentials
    Credentials credentials;    ///< users that the sidecar logs in itself
    std::string connection_id;  ///< of the one DatabaseConnection (R62)
    PoolShare share;            ///< this worker's part of the limits on server connections
    int worker = 0;             ///< its number
    std::string version;        ///< the sidecar's, for the admin console
    bool client_tls = false;    ///< a certificate for clients is configured
    std::shared_ptr<const model::OutagePolicy> policy =
        std::make_shared<const model::OutagePolicy>();
    /// Of the spool; null: there is none. Outlives the data plane.
    const model::SpoolProgress* progress = nullptr;
    /// Mode mock: what the workers' mock databases have in common. Null: each has its own.
    std::shared_ptr<mock::TableBook> mock_tables;
    /// Of all workers' clients.
    std::shared_ptr<ClientCensus> census = std::make_shared<ClientCensus>();
};

}  // namespace pgsidecar::proxy
