#pragma once

#include "config/upstream.hpp"

namespace pgsidecar::proxy::mock {

/// What stands for the database's address in mode mock: no host, the user and the database of
/// database_url where it is given, else "postgres". Error: a database_url that cannot be read.
config::UpstreamResult upstream_of(const config::Settings& settings);

}  // namespace pgsidecar::proxy::mock
