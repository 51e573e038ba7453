#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_map>

#include "base/random.hpp"
#include "proxy/core/channel.hpp"
#include "proxy/mock/mock_channel.hpp"
#include "proxy/mock/statement_check.hpp"
#include "proxy/mock/table_book.hpp"

namespace pgsidecar::proxy::mock {

/// The database of mode mock: what a worker connects to instead of a server (R29).
///
/// Thread: the worker's. Must outlive the functions that it deferred, or they must not run any
/// more.
class MockDatabase {
public:
    /// tables: shared by the workers; null makes one of its own. buffer_limit: above so many bytes
    /// a sender is told that it must wait (Channel::unsent()).
    MockDatabase(Defer defer, base::Entropy& entropy, std::shared_ptr<TableBook> tables,
                 std::size_t buffer_limit);
    ~MockDatabase();

    /// As Driver::connect().
    Channel* connect(ChannelEvents& events);
    std::size_t connections() const { return channels_.size(); }

    // For its channels.
    void defer(std::function<void(const base::Now&)> f) { defer_(std::move(f)); }
    StatementCheck& check() { return check_; }
    TableBook& tables() { return *tables_; }
    base::Entropy& entropy() { return entropy_; }
    std::size_t buffer_limit() const { return buffer_limit_; }
    void forget(MockChannel& channel);

private:
    Defer defer_;
    base::Entropy& entropy_;
    std::shared_ptr<TableBook> tables_;
    std::size_t buffer_limit_;
    StatementCheck check_;
    std::int32_t next_pid_;
    std::unordered_map<MockChannel*, std::shared_ptr<MockChannel>> channels_;
};

}  // namespace pgsidecar::proxy::mock
