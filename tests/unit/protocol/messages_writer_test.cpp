#include "protocol/messages/message_writer.hpp"

#include <gtest/gtest.h>

#include "protocol/messages/protocol_errc.hpp"
#include "tests/support/byte_literals.hpp"

namespace pgsidecar::protocol {
namespace {

using namespace test::literals;

TEST(MessageWriter, PatchesTheLengthBehindWhatIsThereAlready) {
    std::string out = "before";
    MessageWriter writer(out);
    writer.begin('B');
    writer.u8(0xff);
    writer.i16(-2);
    writer.i32(1);
    writer.cstring("ab");
    writer.text("cd");
    ASSERT_TRUE(writer.end().has_value());
    EXPECT_EQ(out, "'before' 42 00000010 ff fffe 00000001 'ab' 00 'cd'"_bytes);
}

TEST(MessageWriter, WritesSeveralMessages) {
    std::string out;
    MessageWriter writer(out);
    writer.begin('S');
    ASSERT_TRUE(writer.end().has_value());
    writer.begin_untyped();
    writer.i32(7);
    ASSERT_TRUE(writer.end().has_value());
    EXPECT_EQ(out, "53 00000004 00000008 00000007"_bytes);
}

TEST(MessageWriter, TakesBackAMessageWithAZeroInsideAText) {
    std::string out = "kept";
    MessageWriter writer(out);
    writer.begin('Q');
    writer.cstring(std::string_view("a\0b", 3));
    EXPECT_EQ(writer.end().error(), ProtocolErrc::EmbeddedZero);
    EXPECT_EQ(out, "kept");
    writer.begin('S');
    EXPECT_TRUE(writer.end().has_value());
    EXPECT_EQ(out, "'kept' 53 00000004"_bytes);
}

TEST(MessageWriter, RefusesOneByteAboveTheLimitAndTakesItBack) {
    for (std::size_t size : {8u, 9u}) {
        std::string out = "kept";
        MessageWriter writer(out, 12);
        writer.begin('d');
        writer.text(std::string(size, 'x'));
        auto done = writer.end();
        EXPECT_EQ(done.has_value(), size == 8);
        if (done.has_error()) {
            EXPECT_EQ(done.error(), ProtocolErrc::MessageTooLong);
            EXPECT_EQ(out, "kept");
        }
    }
}

TEST(MessageWriter, CopiesNothingOnceAMessageIsTooLong) {
    std::string out;
    MessageWriter writer(out, 100);
    writer.begin('d');
    // A view of more than 2 GiB that is never read: its length alone decides.
    writer.bytes({reinterpret_cast<const std::byte*>(&writer), std::size_t{1} << 32});
    writer.u8(1);
    EXPECT_EQ(out.size(), 5u);
    EXPECT_EQ(writer.end().error(), ProtocolErrc::MessageTooLong);
    EXPECT_TRUE(out.empty());
}

TEST(MessageWriter, RefusesALengthThatInt32CannotHold) {
    std::string out;
    MessageWriter writer(out);
    writer.begin('d');
    writer.bytes({reinterpret_cast<const std::byte*>(&writer), kMaxMessageLength - 3});
    EXPECT_EQ(writer.end().error(), ProtocolErrc::MessageTooLong);
}

}  // namespace
}  // namespace pgsidecar::protocol
