#include "tests/fault/soak_lib/run.hpp"

#include <algorithm>
#include <list>
#include <thread>

namespace pgsidecar::test::soak {

namespace {

constexpr auto kHealing = 30s;  // for every writer to be served again
constexpr auto kSettling = 60s;

/// Ends the writers' threads however the run ends.
class Writers {
public:
    Writers(const Plan& plan, const std::string& conninfo, WriterRules rules) {
        for (int i = 1; i <= plan.writers; ++i) {
            auto seed = plan.seed * 1'000'003 + static_cast<std::uint64_t>(i);
            writers_.emplace_back(i, conninfo, seed, rules);
        }
        for (auto& writer : writers_) threads_.emplace_back([&] { writer.run(stop_); });
    }
    ~Writers() { stop(); }

    void stop() {
        stop_ = true;
        for (auto& thread : threads_) thread.join();
        threads_.clear();
    }
    std::list<Writer>& all() { return writers_; }
    std::vector<Journal> journals() const {
        std::vector<Journal> out;
        for (const auto& writer : writers_) out.push_back(writer.journal());
        return out;
    }

private:
    std::atomic<bool> stop_{false};
    std::list<Writer> writers_;
    std::vector<std::thread> threads_;
};

class Run {
public:
    Run(World& world, const Plan& plan, Target& target)
        : world_(world), plan_(plan), target_(target) {}

    RunResult play(WriterRules rules) {
        world_.empty_table();
        target_.launch("");
        Writers writers(plan_, target_.conninfo(), rules);
        play_faults();
        heal();
        wait_for_service(writers);
        writers.stop();
        wait_until_settled();
        result_.tally = check(writers.journals(), world_.rows());
        return std::move(result_);
    }

private:
    struct Event {
        Ms at;
        std::function<void()> action;
    };

    void play_faults() {
        std::vector<Event> events;
        for (const auto& fault : plan_.faults) {
            events.push_back({fault.at, [this, &fault] { begin(fault); }});
            if (fault.kind != FaultKind::SidecarCrash)
                events.push_back({fault.at + fault.lasts, [this, &fault] { end(fault); }});
        }
        events.push_back({plan_.duration, [] {}});
        std::ranges::stable_sort(events, {}, &Event::at);
        auto start = Clock::now();
        for (const auto& event : events) {
            eventually(Deadline(start + event.at - Clock::now()), [this] {
                watch();
                return false;
            });
            event.action();
        }
    }

    void begin(const Fault& fault) {
        auto& gate = world_.gate();
        switch (fault.kind) {
            case FaultKind::Refuse: gate.refuse(), gate.reset(); break;
            case FaultKind::Reset: gate.reset(); break;
            case FaultKind::Stall: gate.stall(fault.direction); break;
            case FaultKind::HalfClose: gate.half_close(fault.direction); break;
            case FaultKind::Cut: gate.cut_after_bytes(fault.direction, fault.bytes); break;
            case FaultKind::ServerKill: world_.cluster().kill(), server_up_ = false; break;
            case FaultKind::ServerFreeze: world_.cluster().freeze(); break;
            case FaultKind::ServerRestart:
                world_.cluster().stop(StopMode::Fast), server_up_ = false;
                break;
            case FaultKind::SidecarKill: target_.kill(), down_ = true; break;
            case FaultKind::SidecarCrash:
                target_.kill();
                target_.launch(fault.crash_point);
                armed_ = &fault;
                break;
        }
    }

    void end(const Fault& fault) {
        switch (fault.kind) {
            case FaultKind::ServerKill:
            case FaultKind::ServerRestart: start_server(); break;
            case FaultKind::ServerFreeze: world_.cluster().thaw(); break;
            case FaultKind::SidecarKill: target_.launch(""), down_ = false; break;
            case FaultKind::SidecarCrash: break;
            default: world_.gate().pass();
        }
    }

    void start_server() {
        if (!server_up_) world_.cluster().start();
        server_up_ = true;
    }

    /// Starts the sidecar again when a crash point has ended it, and sees when something else has.
    void watch() {
        if (down_ || target_.running()) return;
        if (restart_at_) {
            if (Clock::now() < *restart_at_) return;
            restart_at_.reset();
            return target_.launch("");
        }
        std::string broken = target_.broken();
        if (broken.empty() && armed_ != nullptr) ++result_.crashes_reached;
        if (broken.empty() && armed_ == nullptr) broken = "the sidecar was killed by somebody else";
        if (!broken.empty() && ++breaks_ <= kMostBreaks) fault(broken);
        // A sidecar that ends at once each time is not tried for ever.
        if (breaks_ > kMostBreaks) return;
        restart_at_ = Clock::now() + (armed_ != nullptr ? armed_->lasts : 0ms);
        armed_ = nullptr;
    }

    void heal() {
        world_.gate().pass();
        world_.cluster().thaw();
        start_server();
        if (down_) target_.launch("");
        down_ = false;
    }

    void wait_for_service(Writers& writers) {
        std::vector<std::uint64_t> before;
        for (auto& writer : writers.all()) before.push_back(writer.acknowledged());
        bool served = eventually(kHealing, [&] {
            watch();
            auto old = before.begin();
            return std::ranges::all_of(
                writers.all(), [&](auto& writer) { return writer.acknowledged() > *old++; });
        });
        if (served) return;
        auto old = before.begin();
        for (auto& writer : writers.all()) stuck_ += writer.acknowledged() > *old++ ? 0 : 1;
        fault(std::to_string(stuck_) +
              " writers were not served any more after everything was healed");
    }

    void wait_until_settled() {
        bool settled = eventually(kSettling, [&] {
            watch();
            return target_.running() && target_.settled();
        });
        if (!settled) fault("queued writes were not applied within a minute of the healing");
        if (!eventually(20s, [&] { return world_.quiet(); })) fault("the server is still busy");
    }

    void fault(std::string sentence) { result_.faults.push_back(std::move(sentence)); }

    static constexpr int kMostBreaks = 3;

    World& world_;
    const Plan& plan_;
    Target& target_;
    RunResult result_;
    const Fault* armed_ = nullptr;
    std::optional<Clock::time_point> restart_at_;
    bool server_up_ = true, down_ = false;
    int breaks_ = 0, stuck_ = 0;
};

}  // namespace

RunResult play(World& world, const Plan& plan, const MakeTarget& make_target, WriterRules rules,
               const std::string& keep) {
    auto target = make_target(plan, world.gate().port());
    RunResult result = Run(world, plan, *target).play(rules);
    if (result.failed()) {
        result.log_tail = target->log_tail();
        if (!keep.empty()) {
            target->kill();
            target->keep(keep + "/seed-" + std::to_string(plan.seed));
        }
    }
    return result;
}

}  // namespace pgsidecar::test::soak
