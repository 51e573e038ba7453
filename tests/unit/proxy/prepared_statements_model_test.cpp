#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "tests/unit/proxy/statement_sharing.hpp"

// Clients that share few server connections must get the answers that each would get alone on one
// of its own.

namespace pgsidecar::proxy {
namespace {

using test::ModelServer;
using test::Proxy;
using test::Request;

class Dice {
public:
    explicit Dice(std::uint64_t seed) : entropy_(seed) {}
    std::size_t below(std::size_t n) {
        std::array<std::byte, 4> raw;
        entropy_.fill(raw);
        return base::load_be32(raw.data()) % n;
    }

private:
    base::SeededEntropy entropy_;
};

Request random_request(Dice& dice) {
    static const std::array<std::string, 4> kNames = {"", "a", "b", "c"};
    Request request{"PPPBBBBBCSSSSQ"[dice.below(14)]};
    request.name = kNames[dice.below(kNames.size())];
    request.fails = dice.below(8) == 0;
    if (request.type == 'P')
        request.text = dice.below(12) == 0 ? "bad" : "select " + std::to_string(dice.below(6));
    if (request.type == 'Q') {
        std::size_t which = dice.below(4);
        request.text = which == 0 ? "bad" : which == 1 ? "deallocate all" : "select 1";
    }
    return request;
}

void add(Proxy::Counts& sum, const Proxy::Counts& counts) {
    sum.injected += counts.injected;
    sum.locals += counts.locals;
    sum.evicted += counts.evicted;
    sum.doubts += counts.doubts;
    sum.stalls += counts.stalls;
    sum.skipped += counts.skipped;
}

/// Empty when both are the same.
std::string where_they_part(const std::vector<std::string>& actual,
                            const std::vector<std::string>& expected) {
    std::size_t size = std::min(actual.size(), expected.size());
    for (std::size_t i = 0; i < size; ++i) {
        if (actual[i] != expected[i])
            return "answer " + std::to_string(i) + ": " + actual[i] + " for " + expected[i];
    }
    if (actual.size() == expected.size()) return {};
    return std::to_string(actual.size()) + " answers for " + std::to_string(expected.size());
}

void run(std::uint64_t seed, Proxy::Counts& counts) {
    Dice dice(seed);
    std::size_t peers = 1 + dice.below(4);
    Proxy proxy(1 + dice.below(3), peers);
    std::vector<ModelServer> direct(peers);
    std::vector<std::vector<std::string>> expected(peers);
    auto send = [&](std::size_t i, Request request) {
        for (auto& answer : direct[i].take(request)) expected[i].push_back(answer);
        proxy.send(proxy.peer(i), std::move(request));
    };
    // How far the server lags behind: from ping-pong to pipelines of hundreds.
    std::size_t lag = 1 + dice.below(12);
    for (int i = 0; i < 300; ++i) {
        send(dice.below(peers), random_request(dice));
        auto& upstream = proxy.upstreams()[dice.below(proxy.upstreams().size())];
        for (std::size_t n = dice.below(24 / lag); n > 0; --n) proxy.step(upstream);
    }
    for (std::size_t i = 0; i < peers; ++i) send(i, {'S'});
    for (bool busy = true; busy;) {
        busy = false;
        for (auto& upstream : proxy.upstreams()) busy = proxy.step(upstream) || busy;
    }
    for (std::size_t i = 0; i < peers; ++i) {
        EXPECT_EQ(where_they_part(proxy.peer(i).answers, expected[i]), "") << "client " << i;
    }
    for (auto& upstream : proxy.upstreams()) {
        EXPECT_TRUE(upstream.replies.empty());
        EXPECT_EQ(upstream.server.named.size(), upstream.table.size());
    }
    add(counts, proxy.counts());
}

TEST(PreparedStatementsModel, SharingIsNotSeenByAnyClient) {
    Proxy::Counts counts;
    for (std::uint64_t seed = 1; seed <= 1'500; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        run(seed, counts);
        if (testing::Test::HasFailure()) return;
    }
    // The walks come by every corner.
    EXPECT_GT(counts.injected, 10'000u);
    EXPECT_GT(counts.locals, 10'000u);
    EXPECT_GT(counts.evicted, 1'000u);
    EXPECT_GT(counts.doubts, 1'000u);
    EXPECT_GT(counts.stalls, 1'000u);
    EXPECT_GT(counts.skipped, 10'000u);
}

}  // namespace
}  // namespace pgsidecar::proxy
