#pragma once

#include <string>

#include "config/settings.hpp"
#include "config/upstream.hpp"

/// What the process as a whole is set up with, once.
namespace pgsidecar::app {

/// To what the system allows.
void raise_open_file_limit();
void configure_log(const config::Settings::Log& settings);
/// For pgsidecar.ledger: which process this is, "host/pid".
std::string where_we_are();
/// The database's first host, for a label: "host:port", or the folder of its socket.
std::string where_of(const config::Upstream& upstream);

}  // namespace pgsidecar::app
