#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace pgsidecar::protocol {

/// A queue that grows by doubling and gives its memory back when it runs empty after having been
/// large. Single-threaded; no allocation while it stays within what it has.
template <class T>
class Ring {
public:
    bool empty() const { return size_ == 0; }
    std::size_t size() const { return size_; }
    T& front() { return slots_[head_]; }
    T& at(std::size_t i) { return slots_[(head_ + i) & (slots_.size() - 1)]; }

    void push_back(T value) {
        if (size_ == slots_.size()) grow();
        slots_[(head_ + size_) & (slots_.size() - 1)] = std::move(value);
        ++size_;
    }
    void pop_front() {
        slots_[head_] = T();
        head_ = (head_ + 1) & (slots_.size() - 1);
        if (--size_ == 0 && slots_.size() > kKept) {
            std::vector<T>().swap(slots_);
            head_ = 0;
        }
    }
    void erase_second() {
        at(1) = std::move(front());
        pop_front();
    }

private:
    static constexpr std::size_t kSmallest = 4;
    static constexpr std::size_t kKept = 64;

    void grow() {
        std::vector<T> larger(slots_.empty() ? kSmallest : slots_.size() * 2);
        for (std::size_t i = 0; i < size_; ++i) larger[i] = std::move(at(i));
        slots_.swap(larger);
        head_ = 0;
    }

    std::vector<T> slots_;
    std::size_t head_ = 0;
    std::size_t size_ = 0;
};

}  // namespace pgsidecar::protocol
