#pragma once

#include <cstdint>
#include <vector>

namespace pgsidecar::test::soak {

/// Repeatable dice: the same seed gives the same throws with every compiler (splitmix64).
class Dice {
public:
    explicit Dice(std::uint64_t seed) : state_(seed) {}

    std::uint64_t next() {
        std::uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        return z ^ (z >> 31);
    }
    /// From low to high, both included.
    int between(int low, int high) {
        return low + static_cast<int>(next() % static_cast<std::uint64_t>(high - low + 1));
    }
    bool percent(int chance) { return between(1, 100) <= chance; }
    template <class T>
    const T& one_of(const std::vector<T>& choices) {
        return choices[next() % choices.size()];
    }

private:
    std::uint64_t state_;
};

}  // namespace pgsidecar::test::soak
