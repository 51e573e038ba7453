#include "proxy/mock/mock_database.hpp"

#include <array>
#include <utility>

namespace pgsidecar::proxy::mock {

namespace {
/// Process ids as Linux gives them, so that two workers seldom meet.
constexpr std::int32_t kMinPid = 10'000, kMaxPid = 4'000'000;
}  // namespace

MockDatabase::MockDatabase(Defer defer, base::Entropy& entropy, std::shared_ptr<TableBook> tables,
                           std::size_t buffer_limit)
    : defer_(std::move(defer)),
      entropy_(entropy),
      tables_(tables ? std::move(tables) : std::make_shared<TableBook>()),
      buffer_limit_(buffer_limit) {
    std::array<std::byte, 4> bytes{};
    entropy.fill(bytes);
    next_pid_ = kMinPid + static_cast<std::int32_t>(base::load_be32(bytes.data()) % 1'000'000U);
}

MockDatabase::~MockDatabase() = default;

Channel* MockDatabase::connect(ChannelEvents& events) {
    std::int32_t pid = next_pid_;
    next_pid_ = next_pid_ == kMaxPid ? kMinPid : next_pid_ + 1;
    auto channel = std::make_shared<MockChannel>(*this, events, pid);
    MockChannel* raw = channel.get();
    channels_.emplace(raw, std::move(channel));
    raw->start();
    return raw;
}

void MockDatabase::forget(MockChannel& channel) {
    auto it = channels_.find(&channel);
    if (it == channels_.end()) return;
    // It may be in the middle of a call of its own: it dies in a turn of its own.
    defer_([dying = std::move(it->second)](const base::Now&) {});
    channels_.erase(it);
}

}  // namespace pgsidecar::proxy::mock
