#include "protocol/messages/frontend_rewrite.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.hpp"
#include "protocol/messages/frontend_decode.hpp"
#include "protocol/messages/protocol_errc.hpp"
#include "tests/support/byte_literals.hpp"
#include "tests/support/exact_buffer.hpp"

namespace pgsidecar::protocol {
namespace {

using namespace test::literals;
using base::as_bytes;
using base::as_text;
using test::ExactBuffer;

/// The frame that a whole message, or its first piece of `size` bytes, comes as.
Frame frame_of(base::Bytes wire, std::size_t size) {
    Frame frame;
    frame.type = std::to_integer<char>(wire[0]);
    frame.payload_length = base::load_be32(wire.data() + 1) - 4;
    frame.wire = wire.first(size);
    frame.payload = frame.wire.subspan(5);
    frame.first = true;
    frame.last = size == frame.payload_length + std::size_t{5};
    return frame;
}
Frame frame_of(base::Bytes wire) { return frame_of(wire, wire.size()); }

/// The message under another name as the server gets it: head, rest of the piece, later pieces.
std::string renamed(std::string_view wire, std::string_view name, std::size_t piece) {
    ExactBuffer buffer(wire.substr(0, piece));
    Frame frame = frame_of(as_bytes(wire), wire.size());
    frame.wire = buffer.bytes();
    frame.payload = frame.wire.subspan(5);
    frame.last = piece == wire.size();
    auto old_name = statement_name_of(frame);
    if (!old_name) return "error";
    std::string out;
    auto rest = append_renamed(out, frame, *old_name, name);
    if (!rest) return "error";
    return out.append(as_text(*rest)).append(wire.substr(piece));
}
std::string renamed(std::string_view wire, std::string_view name) {
    return renamed(wire, name, wire.size());
}

TEST(FrontendRewrite, GivesEachMessageItsNewName) {
    EXPECT_EQ(renamed("50 00000017 's1' 00 'select $1' 00 0001 00000017"_bytes, "pgs_1f"),
              "50 0000001b 'pgs_1f' 00 'select $1' 00 0001 00000017"_bytes);
    EXPECT_EQ(renamed("42 00000014 'p' 00 's1' 00 0000 0001 00000001 '7' 0000"_bytes, "pgs_1f"),
              "42 00000018 'p' 00 'pgs_1f' 00 0000 0001 00000001 '7' 0000"_bytes);
    EXPECT_EQ(renamed("44 00000008 'S' 's1' 00"_bytes, "pgs_1f"),
              "44 0000000c 'S' 'pgs_1f' 00"_bytes);
    EXPECT_EQ(renamed("43 00000008 'S' 's1' 00"_bytes, "pgs_1f"),
              "43 0000000c 'S' 'pgs_1f' 00"_bytes);
}

TEST(FrontendRewrite, EmptyNamesAreNames) {
    EXPECT_EQ(renamed("42 0000000c 00 00 0000 0000 0000"_bytes, "pgs_1"),
              "42 00000011 00 'pgs_1' 00 0000 0000 0000"_bytes);
    EXPECT_EQ(renamed("44 00000009 'S' 'abc' 00"_bytes, ""), "44 00000006 'S' 00"_bytes);
}

// The portal may be named like the statement.
TEST(FrontendRewrite, OnlyTheStatementOfABindIsRenamed) {
    EXPECT_EQ(renamed("42 0000000e 'a' 00 'a' 00 0000 0000 0000"_bytes, "b"),
              "42 0000000e 'a' 00 'b' 00 0000 0000 0000"_bytes);
}

TEST(FrontendRewrite, TheFirstPieceOfALongMessageIsEnough) {
    std::string wire = "42 00000000 'portal' 00 's1' 00 0000 0001 00030d40"_bytes;
    wire.append(200'000, 'v').append(2, '\0');
    base::store_be32(reinterpret_cast<std::byte*>(wire.data()) + 1,
                     static_cast<std::uint32_t>(wire.size() - 1));
    std::string expected = renamed(wire, "pgs_abc");
    auto view = decode_bind_head(as_bytes(expected).subspan(5));
    ASSERT_TRUE(view.has_value());
    EXPECT_EQ(view->statement, "pgs_abc");
    EXPECT_EQ(base::load_be32(as_bytes(expected).data() + 1), expected.size() - 1);
    for (std::size_t piece : {15u, 16u, 20u, 65'536u}) {
        EXPECT_EQ(renamed(wire, "pgs_abc", piece), expected) << piece;
    }
    // Within the names: nobody can know whose message it is.
    for (std::size_t piece = 5; piece < 15; ++piece) {
        EXPECT_EQ(renamed(wire, "pgs_abc", piece), "error") << piece;
    }
}

TEST(FrontendRewrite, ValuesAreNotCopied) {
    std::string wire = "42 00000014 'p' 00 's1' 00 0000 0001 00000001 '7' 0000"_bytes;
    Frame frame = frame_of(as_bytes(wire));
    std::string out = "before";
    auto rest = append_renamed(out, frame, *statement_name_of(frame), "x");
    ASSERT_TRUE(rest.has_value());
    EXPECT_EQ(out, "'before' 42 00000013 'p' 00 'x'"_bytes);
    EXPECT_EQ(rest->data() + rest->size(), frame.wire.data() + frame.wire.size());
    EXPECT_EQ(rest->size(), wire.size() - 9);
}

TEST(FrontendRewrite, NamesOfAMegabyte) {
    std::string long_name(1u << 20, 'n');
    std::string wire;
    ASSERT_TRUE(append_parse(wire, long_name, "select 1", {}).has_value());
    std::string expected;
    ASSERT_TRUE(append_parse(expected, "pgs_1", "select 1", {}).has_value());
    EXPECT_EQ(renamed(wire, "pgs_1"), expected);
    EXPECT_EQ(renamed(expected, long_name), wire);
    EXPECT_EQ(renamed(wire, "pgs_1", 65'536), "error");
}

TEST(FrontendRewrite, ALengthThatDoesNotFitIsAnError) {
    std::string wire = "42 7fffffff 00 's' 00 0000"_bytes;
    Frame frame = frame_of(as_bytes(wire), wire.size());
    std::string out = "kept";
    auto longer = append_renamed(out, frame, *statement_name_of(frame), "ss");
    EXPECT_EQ(longer.error(), ProtocolErrc::MessageTooLong);
    EXPECT_EQ(out, "kept");
    EXPECT_TRUE(append_renamed(out, frame, *statement_name_of(frame), "t").has_value());
    // What the reader would let pass when the limit is raised to the most that 32 bits hold.
    frame.payload_length = 0xffffffff - 4;
    auto huge = append_renamed(out, frame, *statement_name_of(frame), std::string(1'000, 'x'));
    EXPECT_EQ(huge.error(), ProtocolErrc::MessageTooLong);
    frame.payload_length = 100;
    auto limited = append_renamed(out, frame, *statement_name_of(frame), "sss", 105);
    EXPECT_EQ(limited.error(), ProtocolErrc::MessageTooLong);
    EXPECT_TRUE(append_renamed(out, frame, *statement_name_of(frame), "sss", 106).has_value());
}

TEST(FrontendRewrite, RefusesWhatNamesNoStatement) {
    auto name = [](std::string wire) {
        return statement_name_of(frame_of(as_bytes(wire))).error();
    };
    EXPECT_EQ(name("44 00000008 'P' 'p1' 00"_bytes), ProtocolErrc::InvalidField);
    EXPECT_EQ(name("43 00000008 'P' 'p1' 00"_bytes), ProtocolErrc::InvalidField);
    EXPECT_EQ(name("44 00000008 'x' 'p1' 00"_bytes), ProtocolErrc::InvalidField);
    EXPECT_EQ(name("44 00000009 'S' 'p1' 00 00"_bytes), ProtocolErrc::TrailingBytes);
    EXPECT_EQ(name("51 0000000d 'select 1' 00"_bytes), ProtocolErrc::UnexpectedMessage);
    EXPECT_EQ(name("45 00000009 00 00000000"_bytes), ProtocolErrc::UnexpectedMessage);
    EXPECT_EQ(name("50 00000004"_bytes), ProtocolErrc::MessageTruncated);

    std::string parse = "50 00000008 00 00 0000"_bytes;
    Frame later = frame_of(as_bytes(parse));
    later.first = false;
    EXPECT_EQ(statement_name_of(later).error(), ProtocolErrc::UnexpectedMessage);

    std::string out;
    Frame first = frame_of(as_bytes(parse));
    auto zero = append_renamed(out, first, *statement_name_of(first), std::string_view("a\0b", 3));
    EXPECT_EQ(zero.error(), ProtocolErrc::EmbeddedZero);
    EXPECT_EQ(out, "");
}

TEST(FrontendRewrite, EveryTruncationIsReadWithinItsBytes) {
    const std::vector<std::string> goldens = {
        "50 00000017 's1' 00 'select $1' 00 0001 00000017"_bytes,
        "42 00000014 'p' 00 's1' 00 0000 0001 00000001 '7' 0000"_bytes,
        "44 00000008 'S' 's1' 00"_bytes,
    };
    for (const auto& golden : goldens) {
        for (std::size_t size = 5; size < golden.size(); ++size) {
            std::string sent = renamed(golden, "pgs_1f", size);
            if (sent == "error") continue;
            EXPECT_EQ(sent, renamed(golden, "pgs_1f")) << size;
        }
    }
}

TEST(FrontendRewrite, RandomBytesNeverHarm) {
    base::SeededEntropy entropy(20'240'607);
    for (int i = 0; i < 20'000; ++i) {
        std::array<std::byte, 40> bytes;
        entropy.fill(bytes);
        static constexpr std::string_view kTypes = "PBDCQE";
        for (auto& byte : bytes) byte &= std::byte{3};  // zeros are frequent
        bytes[0] = static_cast<std::byte>(kTypes[static_cast<std::size_t>(i) % kTypes.size()]);
        base::store_be32(bytes.data() + 1, 39);
        ExactBuffer buffer(as_text(bytes));
        Frame frame = frame_of(buffer.bytes());
        auto name = statement_name_of(frame);
        if (!name) continue;
        std::string out;
        auto rest = append_renamed(out, frame, *name, "pgs_7");
        ASSERT_TRUE(rest.has_value());
        std::string sent = out + std::string(as_text(*rest));
        Frame again = frame_of(as_bytes(sent));
        EXPECT_TRUE(again.last);
        EXPECT_EQ(statement_name_of(again).value(), "pgs_7");
    }
}

TEST(FrontendRewrite, WritesTheMessagesOfOurOwn) {
    std::string out;
    std::string types = "00000017 00000019"_bytes;
    ASSERT_TRUE(append_parse(out, "pgs_1f", "select $1, $2", as_bytes(types)).has_value());
    ASSERT_TRUE(append_describe_statement(out, "pgs_1f").has_value());
    ASSERT_TRUE(append_close_statement(out, "").has_value());
    out.append(kFlushMessage).append(kParseCompleteMessage).append(kCloseCompleteMessage);
    EXPECT_EQ(out,
              "50 00000023 'pgs_1f' 00 'select $1, $2' 00 0002 00000017 00000019"
              "44 0000000c 'S' 'pgs_1f' 00"
              "43 00000006 'S' 00"
              "48 00000004 31 00000004 33 00000004"_bytes);
}

TEST(FrontendRewrite, WritesACommandOfOurOwnWithEverythingAroundIt) {
    std::string out;
    ASSERT_TRUE(append_command(out, "own", "X").has_value());
    EXPECT_EQ(out,
              "50 0000000c 'own' 00 'X' 00 0000"
              "42 00000012 'own' 00 'own' 00 0000 0000 0000"
              "45 0000000c 'own' 00 00000000"
              "43 00000009 'P' 'own' 00"
              "43 00000009 'S' 'own' 00"_bytes);
}

TEST(FrontendRewrite, RefusesWhatAParseCannotCarry) {
    std::string out = "kept";
    auto error = [&](auto result) { return result.error(); };
    EXPECT_EQ(error(append_command(out, "a", std::string_view("x\0y", 3))),
              ProtocolErrc::EmbeddedZero);
    EXPECT_EQ(error(append_parse(out, "a", std::string_view("x\0y", 3), {})),
              ProtocolErrc::EmbeddedZero);
    std::string odd(7, '\0'), many(4 * 65'536, '\0'), most(4 * 65'535, '\0');
    EXPECT_EQ(error(append_parse(out, "a", "x", as_bytes(odd))), ProtocolErrc::InvalidField);
    EXPECT_EQ(error(append_parse(out, "a", "x", as_bytes(many))), ProtocolErrc::InvalidField);
    EXPECT_EQ(out, "kept");
    out.clear();
    ASSERT_TRUE(append_parse(out, "a", "x", as_bytes(most)).has_value());
    auto view = decode_parse(as_bytes(out).subspan(5));
    ASSERT_TRUE(view.has_value());
    EXPECT_EQ(view->param_count, 65'535);
}

}  // namespace
}  // namespace pgsidecar::protocol
