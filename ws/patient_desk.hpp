#pragma once

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "ws/awaited.hpp"
#include "ws/desk.hpp"

namespace pgsidecar::ws {

/// The app's desk with its answers brought to the HTTP thread, exactly once, in bounded time.
/// Thread: the HTTP thread.
class PatientDesk final : public Desk {
public:
    PatientDesk(boost::asio::io_context& context, Desk& desk, std::chrono::milliseconds patience)
        : desk_(desk), patience_(patience), awaited_(context) {}

    HistoryPage history(std::int64_t after_ms) const override { return desk_.history(after_ms); }
    TopPage top(metrics::TopOrder order, std::size_t limit) const override {
        return desk_.top(order, limit);
    }
    void sessions(DeskDone<std::vector<SessionRow>> done) override {
        desk_.sessions(expect(std::move(done)));
    }
    void kill(std::int64_t session, DeskDone<std::monostate> done) override {
        desk_.kill(session, expect(std::move(done)));
    }
    void pools(DeskDone<PoolsPage> done) override { desk_.pools(expect(std::move(done))); }
    void queue(const QueueQuery& query, DeskDone<QueuePage> done) override {
        desk_.queue(query, expect(std::move(done)));
    }
    void order(const DeadOrder& order, DeskDone<DeadReport> done) override {
        desk_.order(order, expect(std::move(done)));
    }
    void configuration(DeskDone<ConfigPage> done) override {
        desk_.configuration(expect(std::move(done)));
    }
    void reload(DeskDone<ReloadPage> done) override { desk_.reload(expect(std::move(done))); }

private:
    template <class T>
    DeskDone<T> expect(DeskDone<T> done) {
        auto give_up = [ms = patience_.count()]() -> DeskAnswer<T> {
            return DeskFault{
                DeskFault::Kind::Timeout,
                "There was no answer within " + std::to_string(ms) +
                    " ms (http.answer_timeout_ms); what was ordered may still happen."};
        };
        return awaited_.expect<DeskAnswer<T>>(patience_, std::move(done), std::move(give_up));
    }

    Desk& desk_;
    std::chrono::milliseconds patience_;
    Awaited awaited_;
};

}  // namespace pgsidecar::ws
