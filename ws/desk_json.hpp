#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/events.hpp"
#include "ws/desk.hpp"

/// What the desk gives, as docs/api.md describes it. may: the one who asks may change what is
/// shown.
namespace pgsidecar::ws {

std::string history_json(const HistoryPage& page, std::int64_t now_us);
std::string top_json(const TopPage& page, metrics::TopOrder order, std::int64_t now_us);
/// shown: those of all that fit the limit, in their order.
std::string sessions_json(const std::vector<SessionRow>& shown, std::size_t total, bool may,
                          std::int64_t now_us);
/// Of all the pools at most limit are shown.
std::string pools_json(const PoolsPage& page, std::size_t limit, std::int64_t now_us);
std::string queue_json(const QueuePage& page, bool may, std::int64_t now_us);
std::string dead_report_json(const DeadReport& report);

struct ChangeSourceState {
    std::string origin;
    bool live = false;
};
std::string config_json(const ConfigPage& page, const ChangeSourceState& source, bool may,
                        std::int64_t now_us);
std::string reload_json(const ReloadPage& page);

}  // namespace pgsidecar::ws
