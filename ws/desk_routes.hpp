#pragma once

#include <cstddef>

#include "realtime/hub.hpp"
#include "ws/call.hpp"
#include "ws/desk.hpp"

namespace pgsidecar::ws {

/// The routes that show the process and give it orders (docs/api.md).
///
/// Thread: the hub's. Each calls respond exactly once, when the desk has answered.
class DeskRoutes {
public:
    /// max_rows: http.max_rows.
    DeskRoutes(Desk& desk, realtime::Hub& hub, std::size_t max_rows)
        : desk_(desk), hub_(hub), max_rows_(max_rows) {}

    void set_max_rows(std::size_t max_rows) { max_rows_ = max_rows; }

    void history(const Call& call, const Respond& respond) const;
    void top(const Call& call, const Respond& respond) const;
    void sessions(const Call& call, const Respond& respond) const;
    void kill(const Call& call, const Respond& respond) const;
    void pools(const Call& call, const Respond& respond) const;
    void queue(const Call& call, const Respond& respond) const;
    void retry(const Call& call, const Respond& respond) const;
    void discard(const Call& call, const Respond& respond) const;
    void configuration(const Call& call, const Respond& respond) const;
    void reload(const Call& call, const Respond& respond) const;

private:
    void order(const Call& call, DeadOrder::Verb verb, const Respond& respond) const;

    Desk& desk_;
    realtime::Hub& hub_;
    std::size_t max_rows_;
};

}  // namespace pgsidecar::ws
