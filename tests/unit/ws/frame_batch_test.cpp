#include "ws/frame_batch.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace pgsidecar::ws {
namespace {

realtime::Frame text(std::string content) {
    return std::make_shared<const std::string>(std::move(content));
}

std::string gathered(const FrameBatch& batch) {
    FrameBatch::Gathered out;
    batch.gather(out);
    std::string bytes;
    for (std::size_t i = 0; i < out.count; ++i) {
        EXPECT_NE(out.parts[i].iov_len, 0u);
        bytes.append(static_cast<const char*>(out.parts[i].iov_base), out.parts[i].iov_len);
    }
    EXPECT_EQ(bytes.size(), out.bytes);
    return bytes;
}

/// The frame as RFC 6455 5.2 has it, written another way than the batch does.
std::string framed(const std::string& content) {
    std::string length;
    std::size_t size = content.size();
    if (size < 126) {
        length += static_cast<char>(size);
    } else {
        int bytes = size < 65'536 ? 2 : 8;
        length += static_cast<char>(bytes == 2 ? 126 : 127);
        for (int i = bytes - 1; i >= 0; --i) length += static_cast<char>(size >> (8 * i));
    }
    return "\x81" + length + content;
}

TEST(FrameBatch, HeadersByLength) {
    for (std::size_t size : {0u, 1u, 125u, 126u, 65'535u, 65'536u, 100'000u}) {
        std::string content(size, 'x');
        FrameBatch batch;
        batch.add_text(text(content));
        EXPECT_EQ(gathered(batch), framed(content)) << size;
    }
}

TEST(FrameBatch, AnyCutGoesOnWhereItStopped) {
    std::string ping("\x89\x01p", 3);
    std::string whole = framed("first") + ping + framed(std::string(200, 'y')) + framed("");
    for (std::size_t cut = 0; cut <= whole.size(); ++cut) {
        FrameBatch batch;
        batch.add_text(text("first"));
        batch.add_whole(ping);
        batch.add_text(text(std::string(200, 'y')));
        batch.add_text(text(""));
        auto first = batch.consume(cut);
        EXPECT_EQ(gathered(batch), whole.substr(cut));
        auto rest = batch.consume(whole.size() - cut);
        EXPECT_EQ(first.texts + rest.texts, 3u);
        EXPECT_EQ(first.whole_frames + rest.whole_frames, 1u);
        EXPECT_TRUE(batch.empty());
        EXPECT_EQ(gathered(batch), "");
    }
}

TEST(FrameBatch, AFrameCountsWhenItsLastByteIsOut) {
    FrameBatch batch;
    batch.add_text(text("ab"));
    EXPECT_EQ(batch.consume(3).texts, 0u);
    EXPECT_FALSE(batch.empty());
    EXPECT_EQ(batch.consume(1).texts, 1u);
    EXPECT_TRUE(batch.empty());
}

TEST(FrameBatch, FullByFramesAndByBytes) {
    FrameBatch many, large;
    for (std::size_t i = 0; i < FrameBatch::kMaxFrames; ++i) {
        EXPECT_FALSE(many.full());
        many.add_text(text("x"));
    }
    EXPECT_TRUE(many.full());
    large.add_text(text(std::string(FrameBatch::kMaxBytes, 'x')));
    EXPECT_TRUE(large.full());
    large.consume(FrameBatch::kMaxBytes + 10);
    EXPECT_FALSE(large.full());
}

TEST(FrameBatch, MoreThanOneWriteTakesStaysBehind) {
    FrameBatch batch;
    for (std::size_t i = 0; i < FrameBatch::kMaxFrames; ++i) batch.add_text(text("x"));
    batch.add_whole("pong");
    std::string first = gathered(batch);
    EXPECT_EQ(first.size(), 3 * FrameBatch::kMaxFrames);
    batch.consume(first.size());
    EXPECT_EQ(gathered(batch), "pong");
}

TEST(FrameBatch, TextsAreSharedAndLetGo) {
    realtime::Frame shared = text("x");
    FrameBatch batch;
    batch.add_text(shared);
    FrameBatch::Gathered out;
    batch.gather(out);
    EXPECT_EQ(out.parts[1].iov_base, shared->data());
    batch.clear();
    EXPECT_TRUE(batch.empty());
    EXPECT_EQ(shared.use_count(), 1);
}

}  // namespace
}  // namespace pgsidecar::ws
