#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace pgsidecar::base {

/// Where random bytes come from. The pure parts are given one; tests give a seeded one.
class Entropy {
public:
    virtual ~Entropy() = default;
    virtual void fill(std::span<std::byte> out) = 0;
};

/// The operating system's generator (getrandom). Thread: any.
class SystemEntropy final : public Entropy {
public:
    void fill(std::span<std::byte> out) override;
};

/// Repeatable bytes from a seed (splitmix64), for tests and the simulator. Never for secrets.
class SeededEntropy final : public Entropy {
public:
    explicit SeededEntropy(std::uint64_t seed) : state_(seed) {}
    void fill(std::span<std::byte> out) override;

private:
    std::uint64_t state_;
};

}  // namespace pgsidecar::base
