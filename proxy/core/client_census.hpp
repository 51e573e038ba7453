#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>

namespace pgsidecar::proxy {

/// How many clients the process has, in all and per user and database, over all workers.
///
/// Thread: any. Touched when a client comes, has logged in and goes, never by a statement.
class ClientCensus {
public:
    /// What a client counts for, from its first byte to its end.
    class Seat {
    public:
        explicit Seat(ClientCensus& census) : census_(census) { ++census_.total_; }
        ~Seat();
        Seat(const Seat&) = delete;
        Seat& operator=(const Seat&) = delete;

    private:
        friend class ClientCensus;
        ClientCensus& census_;
        std::string user_, database_;
        bool named_ = false;
    };
    enum class Full : std::uint8_t { No, User, Database };

    std::int64_t total() const { return total_.load(std::memory_order_relaxed); }
    /// The client has proven who it is. 0: no limit. What is refused is not counted.
    Full name(Seat& seat, const std::string& user, const std::string& database,
              std::int64_t max_of_user, std::int64_t max_of_database);

private:
    std::atomic<std::int64_t> total_{0};
    std::mutex mutex_;
    std::map<std::string, std::int64_t> users_, databases_;
};

}  // namespace pgsidecar::proxy
