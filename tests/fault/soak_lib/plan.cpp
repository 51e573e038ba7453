#include "tests/fault/soak_lib/plan.hpp"

#include <algorithm>

#include "tests/fault/soak_lib/dice.hpp"

namespace pgsidecar::test::soak {

namespace {

Ms between(Dice& dice, Ms low, Ms high) {
    return Ms(dice.between(static_cast<int>(low.count()), static_cast<int>(high.count())));
}

const std::vector<std::string>& flush_points() {
    static const std::vector<std::string> names{"flush-begin",   "flush-apply",
                                                "ledger-commit", "after-ledger-commit",
                                                "delete",        "after-delete"};
    return names;
}

bool is_flush_point(const std::string& name) {
    return std::ranges::find(flush_points(), name) != flush_points().end();
}

Fault network_fault(Dice& dice) {
    Fault fault;
    fault.kind = dice.one_of<FaultKind>({FaultKind::Refuse, FaultKind::Refuse, FaultKind::Reset,
                                         FaultKind::Stall, FaultKind::HalfClose, FaultKind::Cut,
                                         FaultKind::Cut});
    fault.direction = dice.percent(50) ? Direction::ToServer : Direction::ToClient;
    fault.lasts = between(dice, 30ms, 500ms);
    if (fault.kind == FaultKind::Reset) fault.lasts = 0ms;
    if (fault.kind == FaultKind::Cut)
        fault.bytes = static_cast<std::uint64_t>(dice.between(1, dice.percent(50) ? 300 : 20'000));
    return fault;
}

Fault server_fault(Dice& dice) {
    Fault fault;
    fault.kind = dice.one_of<FaultKind>(
        {FaultKind::ServerKill, FaultKind::ServerFreeze, FaultKind::ServerRestart});
    fault.lasts = between(dice, 0ms, 500ms);
    return fault;
}

Fault sidecar_fault(Dice& dice) {
    Fault fault;
    fault.lasts = between(dice, 0ms, 200ms);
    if (dice.percent(35)) {
        fault.kind = FaultKind::SidecarKill;
        return fault;
    }
    fault.kind = FaultKind::SidecarCrash;
    const std::string& name = dice.one_of(crash_points());
    // Writes pass the first four by the thousand, batches the others by the dozen.
    int most = is_flush_point(name) ? 4 : dice.percent(50) ? 5 : 500;
    fault.crash_point = name + ":" + std::to_string(dice.between(1, most));
    return fault;
}

class Planner {
public:
    Planner(std::uint64_t seed, const PlanOptions& options) : dice_(seed) {
        plan_.seed = seed;
        plan_.duration = between(dice_, options.shortest, options.longest);
        plan_.writers = dice_.between(options.fewest_writers, options.most_writers);
        choose_settings();
    }

    Plan make() {
        if (dice_.percent(60)) plan_crash();
        int wanted = dice_.between(1, 4);
        for (int i = 0; i < wanted; ++i)
            place(dice_.percent(60) ? network_fault(dice_) : server_fault(dice_), 0ms);
        std::ranges::stable_sort(plan_.faults, {}, &Fault::at);
        return std::move(plan_);
    }

private:
    void choose_settings() {
        bool session = dice_.percent(30);
        plan_.pool_mode = session ? "session" : "transaction";
        // A session keeps its connection: with fewer than sessions somebody would wait for ever.
        plan_.pool_size = session ? plan_.writers + 4 : dice_.between(2, 8);
        plan_.flags = {
            {"workers", dice_.percent(70) ? "1" : "2"},
            {"outage-flush-batch-entries",
             dice_.one_of<std::string>({"1", "10", "100", "1000", "1000"})},
            {"outage-commit-max-entries", dice_.one_of<std::string>({"1", "16", "1024", "1024"})},
            {"audit-level", dice_.one_of<std::string>({"off", "writes", "writes", "all"})},
            {"audit-durability", dice_.one_of<std::string>({"batch", "strict"})}};
    }

    /// The sidecar's own death. Most crash points are passed during an outage or right after it,
    /// so that one comes with it.
    void plan_crash() {
        Fault fault = sidecar_fault(dice_);
        fault.at = between(dice_, 0ms, (plan_.duration - fault.lasts) * 3 / 4);
        bool armed = fault.kind == FaultKind::SidecarCrash;
        if (armed) fault.at /= 2;
        plan_.faults.push_back(fault);
        if (armed || dice_.percent(60)) {
            Fault outage = dice_.percent(50) ? server_fault(dice_) : network_fault(dice_);
            if (outage.kind == FaultKind::Reset) outage.kind = FaultKind::Refuse;
            outage.lasts = std::max(outage.lasts, 100ms);
            place(outage, armed ? fault.at + 50ms : 0ms);
        }
    }

    /// Puts the fault where its device is free, or nowhere.
    void place(Fault fault, Ms earliest) {
        for (int attempt = 0; attempt < 8; ++attempt) {
            Ms latest = plan_.duration - fault.lasts;
            if (latest < earliest) return;
            fault.at = between(dice_, earliest, latest);
            bool free = std::ranges::none_of(plan_.faults, [&](const Fault& other) {
                return device_of(other.kind) == device_of(fault.kind) &&
                       fault.at < other.at + other.lasts && other.at < fault.at + fault.lasts;
            });
            if (!free) continue;
            plan_.faults.push_back(fault);
            return;
        }
    }

    Dice dice_;
    Plan plan_;
};

std::string kind_text(const Fault& fault) {
    std::string way = fault.direction == Direction::ToServer ? " to-server" : " to-client";
    switch (fault.kind) {
        case FaultKind::Refuse: return "refuse";
        case FaultKind::Reset: return "reset";
        case FaultKind::Stall: return "stall" + way;
        case FaultKind::HalfClose: return "half-close" + way;
        case FaultKind::Cut:
            return "cut" + way + " after " + std::to_string(fault.bytes) + " bytes";
        case FaultKind::ServerKill: return "server-kill";
        case FaultKind::ServerFreeze: return "server-freeze";
        case FaultKind::ServerRestart: return "server-restart";
        case FaultKind::SidecarKill: return "sidecar-kill";
        case FaultKind::SidecarCrash: return "crash-at " + fault.crash_point;
    }
    return "?";
}

}  // namespace

Device device_of(FaultKind kind) {
    switch (kind) {
        case FaultKind::ServerKill:
        case FaultKind::ServerFreeze:
        case FaultKind::ServerRestart: return Device::Server;
        case FaultKind::SidecarKill:
        case FaultKind::SidecarCrash: return Device::Sidecar;
        default: return Device::Network;
    }
}

const std::vector<std::string>& crash_points() {
    static const std::vector<std::string> names = [] {
        std::vector<std::string> all{"accept", "before-fsync", "after-fsync", "acknowledge"};
        all.insert(all.end(), flush_points().begin(), flush_points().end());
        return all;
    }();
    return names;
}

Plan make_plan(std::uint64_t seed, const PlanOptions& options) {
    return Planner(seed, options).make();
}

std::string to_text(const Plan& plan) {
    std::string text = "seed " + std::to_string(plan.seed) + ": " +
                       std::to_string(plan.duration.count()) + " ms, " +
                       std::to_string(plan.writers) + " writers, " + plan.pool_mode + " pool of " +
                       std::to_string(plan.pool_size);
    for (const auto& [flag, value] : plan.flags) text += ", " + flag + " " + value;
    for (const auto& fault : plan.faults) {
        text += "; at " + std::to_string(fault.at.count()) + " ms " + kind_text(fault) + " (" +
                std::to_string(fault.lasts.count()) + " ms)";
    }
    return text;
}

}  // namespace pgsidecar::test::soak
