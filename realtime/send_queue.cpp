#include "realtime/send_queue.hpp"

#include <algorithm>
#include <utility>

namespace pgsidecar::realtime {
namespace {

constexpr std::int64_t kNsPerMs = 1'000'000;

}  // namespace

void SendQueue::push_control(Frame frame) {
    control_bytes_ += frame->size();
    control_.push_back(std::move(frame));
}

void SendQueue::push_latest(std::string_view type, std::string_view channel, std::size_t depth,
                            Frame frame) {
    auto slot = std::find_if(latest_.begin(), latest_.end(),
                             [&](const Slot& s) { return s.type == type && s.channel == channel; });
    if (slot == latest_.end()) {
        latest_.push_back({std::string(type), std::string(channel), {}});
        slot = latest_.end() - 1;
    }
    slot->frames.push_back(std::move(frame));
    ++latest_count_;
    while (slot->frames.size() > std::max<std::size_t>(depth, 1)) {
        slot->frames.pop_front();
        --latest_count_;
        ++replaced_;
    }
}

bool SendQueue::has_room(std::size_t frames, std::size_t bytes) {
    bool over =
        data_bytes_ + bytes > limits_.hard_bytes || data_.size() + frames > limits_.max_frames;
    lagging_ = lagging_ || (over && !data_.empty());
    return !lagging_;
}

bool SendQueue::push_data(Frame frame) {
    if (!has_room(1, frame->size())) return false;
    feed_data(std::move(frame));
    return true;
}

bool SendQueue::push_data(std::vector<Frame> frames) {
    std::size_t bytes = 0;
    for (const Frame& frame : frames) bytes += frame->size();
    if (!has_room(frames.size(), bytes)) return false;
    for (Frame& frame : frames) feed_data(std::move(frame));
    return true;
}

void SendQueue::feed_data(Frame frame) {
    data_bytes_ += frame->size();
    data_.push_back(std::move(frame));
}

Frame SendQueue::pop() {
    Frame frame;
    if (!control_.empty()) {
        frame = std::move(control_.front());
        control_.pop_front();
        control_bytes_ -= frame->size();
        return frame;
    }
    // In turns, so that a busy slot cannot starve the others.
    for (std::size_t i = 0; latest_count_ != 0 && i < latest_.size(); ++i) {
        Slot& slot = latest_[next_slot_++ % latest_.size()];
        if (slot.frames.empty()) continue;
        frame = std::move(slot.frames.front());
        slot.frames.pop_front();
        --latest_count_;
        return frame;
    }
    if (!data_.empty()) {
        frame = std::move(data_.front());
        data_.pop_front();
        data_bytes_ -= frame->size();
    }
    return frame;
}

bool SendQueue::too_slow(std::int64_t mono_ns, bool behind) {
    bool slow = behind || lagging() || data_bytes_ > limits_.soft_bytes || control_full();
    if (!slow) {
        slow_since_ns_.reset();
        return false;
    }
    if (!slow_since_ns_) slow_since_ns_ = mono_ns;
    return mono_ns - *slow_since_ns_ >= limits_.slow_timeout_ms * kNsPerMs;
}

void SendQueue::drop_feed() {
    latest_.clear();
    latest_count_ = 0;
    data_.clear();
    data_bytes_ = 0;
}

}  // namespace pgsidecar::realtime
