#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <utility>

namespace pgsidecar::base {

/// A bounded queue from one thread to one other, without locks.
///
/// Thread: push on the producer's, pop on the consumer's; size() anywhere (a guess).
/// A full ring refuses the push: the producer decides whether that is a counted loss or a wait.
template <class T>
class SpscRing {
public:
    /// capacity: rounded up to a power of two.
    explicit SpscRing(std::size_t capacity) {
        std::size_t size = 1;
        while (size < capacity) size <<= 1;
        slots_ = std::make_unique<T[]>(size);
        mask_ = size - 1;
    }

    bool push(T&& value) {
        std::size_t tail = tail_.load(std::memory_order_relaxed);
        if (tail - head_cache_ > mask_) {
            head_cache_ = head_.load(std::memory_order_acquire);
            if (tail - head_cache_ > mask_) return false;
        }
        slots_[tail & mask_] = std::move(value);
        tail_.store(tail + 1, std::memory_order_release);
        return true;
    }

    bool pop(T& out) {
        std::size_t head = head_.load(std::memory_order_relaxed);
        if (head == tail_cache_) {
            tail_cache_ = tail_.load(std::memory_order_acquire);
            if (head == tail_cache_) return false;
        }
        out = std::move(slots_[head & mask_]);
        head_.store(head + 1, std::memory_order_release);
        return true;
    }

    std::size_t size() const {
        return tail_.load(std::memory_order_acquire) - head_.load(std::memory_order_acquire);
    }
    std::size_t capacity() const { return mask_ + 1; }

private:
    std::unique_ptr<T[]> slots_;
    std::size_t mask_ = 0;
    alignas(64) std::atomic<std::size_t> tail_{0};
    std::size_t head_cache_ = 0;
    alignas(64) std::atomic<std::size_t> head_{0};
    std::size_t tail_cache_ = 0;
};

}  // namespace pgsidecar::base
