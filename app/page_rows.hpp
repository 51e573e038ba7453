#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "audit/spool_browse.hpp"
#include "config/loader.hpp"
#include "proxy/admin/facts.hpp"
#include "ws/desk.hpp"

/// What the parts of the process say, as the desk of the HTTP API has it.
namespace pgsidecar::app {

using WorkerFacts = std::span<const proxy::admin::WorkerFacts>;

std::vector<ws::SessionRow> session_rows(WorkerFacts facts, std::int64_t now_us);
/// By database and user, all workers together.
std::vector<ws::PoolRow> pool_rows(WorkerFacts facts);
ws::QueueRow queue_row(audit::BrowsedEntry entry, bool dead);
std::vector<ws::SettingRow> setting_rows(const config::LoadResult& loaded);
/// The mode of TLS towards clients; empty when there is no certificate.
std::string client_tls(const config::Settings& settings);

}  // namespace pgsidecar::app
