#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

namespace pgsidecar::base {

/// Base of objects that count their owners themselves; safe to share between threads.
class RefCounted {
public:
    RefCounted() = default;
    RefCounted(const RefCounted&) = delete;
    RefCounted& operator=(const RefCounted&) = delete;

    void add_ref() const { references_.fetch_add(1, std::memory_order_relaxed); }
    /// True when the caller was the last owner and must delete the object.
    bool release_ref() const { return references_.fetch_sub(1, std::memory_order_acq_rel) == 1; }

protected:
    ~RefCounted() = default;

private:
    mutable std::atomic<std::uint32_t> references_{0};
};

/// A pointer of one word to a RefCounted object.
template <class T>
class IntrusivePtr {
public:
    IntrusivePtr() = default;
    explicit IntrusivePtr(T* object) : object_(object) {
        if (object_ != nullptr) object_->add_ref();
    }
    IntrusivePtr(const IntrusivePtr& other) : IntrusivePtr(other.object_) {}
    IntrusivePtr(IntrusivePtr&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
    IntrusivePtr& operator=(IntrusivePtr other) noexcept {
        std::swap(object_, other.object_);
        return *this;
    }
    ~IntrusivePtr() {
        if (object_ != nullptr && object_->release_ref()) delete object_;
    }

    T* get() const { return object_; }
    T* operator->() const { return object_; }
    T& operator*() const { return *object_; }
    explicit operator bool() const { return object_ != nullptr; }

private:
    T* object_ = nullptr;
};

}  // namespace pgsidecar::base
