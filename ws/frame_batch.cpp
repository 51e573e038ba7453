#include "ws/frame_batch.hpp"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>

namespace pgsidecar::ws {
namespace {

constexpr char kFinalText = static_cast<char>(0x81);
constexpr std::size_t kOneByteLength = 125, kTwoByteLength = 65'535;

std::size_t header_size(std::size_t length) {
    if (length <= kOneByteLength) return 2;
    return length <= kTwoByteLength ? 4 : 10;
}

/// Returns how long the header is.
std::size_t write_header(std::array<char, 10>& out, std::size_t length) {
    std::size_t size = header_size(length);
    out[0] = kFinalText;
    if (size == 2) {
        out[1] = static_cast<char>(length);
        return size;
    }
    out[1] = static_cast<char>(size == 4 ? 126 : 127);
    for (std::size_t i = size; i > 2; --i) {
        out[i - 1] = static_cast<char>(length & 0xff);
        length >>= 8;
    }
    return size;
}

}  // namespace

void FrameBatch::add_text(realtime::Frame text) {
    bytes_ += text->size();
    items_.push_back({std::move(text), true});
}

void FrameBatch::add_whole(std::string frame) {
    bytes_ += frame.size();
    items_.push_back({std::make_shared<const std::string>(std::move(frame)), false});
}

void FrameBatch::gather(Gathered& out) const {
    out.count = out.bytes = 0;
    std::size_t skip = offset_;
    auto add = [&](const char* data, std::size_t size) {
        std::size_t skipped = std::min(skip, size);
        skip -= skipped;
        if (skipped == size) return;
        // sendmsg() does not write to it.
        out.parts[out.count++] = {const_cast<char*>(data) + skipped, size - skipped};
        out.bytes += size - skipped;
    };
    std::size_t frames = std::min(items_.size(), kMaxFrames);
    for (std::size_t i = 0; i < frames; ++i) {
        const Item& item = items_[i];
        if (item.text) add(out.headers[i].data(), write_header(out.headers[i], item.bytes->size()));
        add(item.bytes->data(), item.bytes->size());
    }
}

FrameBatch::Sent FrameBatch::consume(std::size_t bytes) {
    Sent sent;
    offset_ += bytes;
    auto item = items_.begin();
    for (; item != items_.end(); ++item) {
        std::size_t size = item->bytes->size();
        std::size_t framed = size + (item->text ? header_size(size) : 0);
        if (offset_ < framed) break;
        offset_ -= framed;
        bytes_ -= size;
        ++(item->text ? sent.texts : sent.whole_frames);
    }
    items_.erase(items_.begin(), item);
    return sent;
}

void FrameBatch::clear() {
    items_.clear();
    bytes_ = offset_ = 0;
}

}  // namespace pgsidecar::ws
