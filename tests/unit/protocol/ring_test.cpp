#include "protocol/session/ring.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <memory>

#include "base/random.hpp"

namespace pgsidecar::protocol {
namespace {

TEST(Ring, BehavesAsADequeWhateverIsDone) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        base::SeededEntropy entropy(seed);
        Ring<std::shared_ptr<int>> ring;
        std::deque<std::shared_ptr<int>> model;
        for (int step = 0; step < 5'000; ++step) {
            std::byte roll[2];
            entropy.fill(roll);
            auto choice = std::to_integer<unsigned>(roll[0]);
            // Long runs of one kind, so that it grows well beyond what it keeps.
            bool grows = (step / 400) % 2 == 0;
            if (choice < (grows ? 200u : 60u)) {
                auto value = std::make_shared<int>(step);
                ring.push_back(value);
                model.push_back(value);
            } else if (choice % 8 == 0 && model.size() > 1) {
                ring.erase_second();
                model.erase(model.begin() + 1);
            } else if (!model.empty()) {
                ring.pop_front();
                model.pop_front();
            }
            ASSERT_EQ(ring.size(), model.size());
            ASSERT_EQ(ring.empty(), model.empty());
            if (model.empty()) continue;
            ASSERT_EQ(ring.front(), model.front());
            std::size_t at = std::to_integer<unsigned>(roll[1]) % model.size();
            ASSERT_EQ(ring.at(at), model[at]);
        }
    }
}

TEST(Ring, LetsGoOfWhatIsPopped) {
    Ring<std::shared_ptr<int>> ring;
    auto value = std::make_shared<int>(1);
    ring.push_back(value);
    ring.push_back(value);
    ring.erase_second();
    EXPECT_EQ(value.use_count(), 2);
    ring.pop_front();
    EXPECT_EQ(value.use_count(), 1);
    for (int i = 0; i < 1'000; ++i) ring.push_back(value);
    while (!ring.empty()) ring.pop_front();
    EXPECT_EQ(value.use_count(), 1);
    ring.push_back(value);
    EXPECT_EQ(ring.front(), value);
}

}  // namespace
}  // namespace pgsidecar::protocol
