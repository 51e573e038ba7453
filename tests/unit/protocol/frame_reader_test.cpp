#include "protocol/framing/frame_reader.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "tests/support/exact_buffer.hpp"
#include "tests/support/proxy_script/messages.hpp"

namespace pgsidecar::protocol {
namespace {

using test::ExactBuffer;
using test::typed;
using Direction = FrameReader::Direction;

struct Whole {
    char type;
    std::string payload;
    std::string wire;
    bool operator==(const Whole&) const = default;
};

/// What a reader makes of chunks: pieces put together again.
struct Read {
    std::vector<Whole> messages;
    FrameOutcome last = FrameOutcome::Need;
    int pieces = 0;
};

void feed(FrameReader& reader, std::string_view chunk, Read& read) {
    ExactBuffer buffer(chunk);
    base::Bytes input = buffer.bytes();
    Frame frame;
    while ((read.last = reader.next(input, frame)) == FrameOutcome::Got) {
        if (frame.first) read.messages.push_back({frame.type, {}, {}});
        read.messages.back().payload += base::as_text(frame.payload);
        read.messages.back().wire += base::as_text(frame.wire);
        read.pieces += frame.whole() ? 0 : 1;
        EXPECT_EQ(frame.type, read.messages.back().type);
        EXPECT_EQ(reader.in_pieces(), !frame.last);
        if (frame.last) {
            EXPECT_EQ(frame.payload_length, read.messages.back().payload.size());
        }
    }
    if (read.last == FrameOutcome::Need) {
        EXPECT_TRUE(input.empty());
    }
}

Read read_all(Direction direction, const std::vector<std::string>& chunks,
              FrameReader::Limits limits = {}) {
    FrameReader reader(direction, limits);
    Read read;
    for (const auto& chunk : chunks) feed(reader, chunk, read);
    EXPECT_EQ(reader.at_boundary(), read.last == FrameOutcome::Need);
    return read;
}

std::string client_conversation() {
    return test::query("SELECT 1") + test::parse("s", "SELECT $1") + test::bind("p", "s") +
           test::describe('P', "p") + test::execute("p", 5) + test::close_named('S', "s") +
           typed('H') + test::sync() + typed('F', std::string(10, '\1')) + typed('d', "data") +
           typed('c') + typed('f', std::string("no\0", 3)) + test::password_message("pw") +
           test::terminate();
}

std::string server_conversation() {
    return test::authentication(0) + test::parameter_status("TimeZone", "UTC") +
           typed('K', std::string(8, '\7')) + test::ready() + typed('1') + typed('2') +
           typed('t', test::be16(0)) + test::row_description("a") + test::data_row("value") +
           test::data_row("") + test::complete("SELECT 2") + typed('I') + typed('n') + typed('s') +
           typed('3') + typed('G', "xxx") + typed('H', "xxx") + typed('W', "xxx") +
           typed('d', "row\n") + typed('c') + typed('V', test::be32(0)) + typed('A', "n") +
           typed('N', std::string(1, '\0')) + test::error_response("ERROR", "42601", "m") +
           typed('v', test::be32(0x30000) + test::be32(0)) + test::ready('T');
}

class Conversations : public testing::TestWithParam<Direction> {
protected:
    std::string golden() const {
        return GetParam() == Direction::Frontend ? client_conversation() : server_conversation();
    }
    std::vector<Whole> expected() const {
        std::string rest = golden();
        std::vector<Whole> messages;
        for (auto& m : test::cut_messages(rest))
            messages.push_back({m.type, m.payload, typed(m.type, m.payload)});
        EXPECT_TRUE(rest.empty());
        return messages;
    }
};
INSTANTIATE_TEST_SUITE_P(, Conversations, testing::Values(Direction::Frontend, Direction::Backend));

TEST_P(Conversations, EverySplitGivesTheSameMessages) {
    const std::string bytes = golden();
    for (std::uint32_t hold : {0u, 5u, 6u, 12u, 65'536u}) {
        for (std::size_t at = 0; at <= bytes.size(); ++at) {
            auto read =
                read_all(GetParam(), {bytes.substr(0, at), bytes.substr(at)}, {0x7fffffff, hold});
            ASSERT_EQ(read.messages, expected()) << "split at " << at << ", hold " << hold;
        }
    }
}

TEST_P(Conversations, OneByteAtATimeGivesTheSameMessages) {
    const std::string bytes = golden();
    for (std::uint32_t hold : {0u, 5u, 7u, 65'536u}) {
        std::vector<std::string> chunks;
        for (char byte : bytes) chunks.emplace_back(1, byte);
        EXPECT_EQ(read_all(GetParam(), chunks, {0x7fffffff, hold}).messages, expected());
    }
}

TEST_P(Conversations, EveryChunkSizeGivesTheSameMessages) {
    const std::string bytes = golden();
    for (std::size_t size = 1; size <= bytes.size(); ++size) {
        std::vector<std::string> chunks;
        for (std::size_t at = 0; at < bytes.size(); at += size)
            chunks.push_back(bytes.substr(at, size));
        ASSERT_EQ(read_all(GetParam(), chunks).messages, expected()) << size;
    }
}

FrameError error_of(Direction direction, const std::string& bytes, FrameReader::Limits limits) {
    FrameError errors[2];
    for (int split = 0; split < 2; ++split) {
        FrameReader reader(direction, limits);
        Read read;
        if (split == 1) {
            for (char byte : bytes) feed(reader, std::string_view(&byte, 1), read);
        } else {
            feed(reader, bytes, read);
        }
        errors[split] = reader.error();
        EXPECT_EQ(read.last == FrameOutcome::Bad, errors[split] != FrameError::None);
        if (errors[split] != FrameError::None) {
            // Lost for good, and nothing more is kept.
            feed(reader, test::sync(), read);
            EXPECT_EQ(read.last, FrameOutcome::Bad);
            EXPECT_TRUE(read.messages.empty());
            EXPECT_EQ(reader.bad_type(), bytes[0]);
        }
    }
    EXPECT_EQ(errors[0], errors[1]);
    return errors[0];
}

TEST(FrameReader, LengthsAreJudgedFromTheHeader) {
    FrameReader::Limits limits{1'000, 100};
    auto judge = [&](std::uint32_t length) {
        return error_of(Direction::Frontend, 'Q' + test::be32(length), limits);
    };
    EXPECT_EQ(judge(0), FrameError::LengthTooSmall);
    EXPECT_EQ(judge(3), FrameError::LengthTooSmall);
    EXPECT_EQ(judge(4), FrameError::None);
    EXPECT_EQ(judge(1'000), FrameError::None);
    EXPECT_EQ(judge(1'001), FrameError::LengthTooLarge);
    EXPECT_EQ(judge(0x7fffffff), FrameError::LengthTooLarge);
    EXPECT_EQ(judge(0x80000000), FrameError::LengthTooLarge);
    EXPECT_EQ(judge(0xffffffff), FrameError::LengthTooLarge);
    limits.max_message_bytes = 0x7fffffff;
    EXPECT_EQ(judge(0x7fffffff), FrameError::None);
    EXPECT_EQ(judge(0x80000000), FrameError::LengthTooLarge);
}

TEST(FrameReader, TypesOfBoundedContentHaveALimitOfTheirOwn) {
    auto judge = [](Direction direction, char type, std::uint32_t length) {
        return error_of(direction, type + test::be32(length), {});
    };
    EXPECT_EQ(judge(Direction::Frontend, 'S', 10'000), FrameError::None);
    EXPECT_EQ(judge(Direction::Frontend, 'S', 10'001), FrameError::LengthTooLarge);
    EXPECT_EQ(judge(Direction::Frontend, 'Q', 10'001), FrameError::None);
    EXPECT_EQ(judge(Direction::Backend, 'Z', 5), FrameError::None);
    EXPECT_EQ(judge(Direction::Backend, 'Z', 6), FrameError::LengthTooLarge);
    EXPECT_EQ(judge(Direction::Backend, '1', 5), FrameError::LengthTooLarge);
    EXPECT_EQ(judge(Direction::Backend, 'D', 0x7fffffff), FrameError::None);
}

TEST(FrameReader, TypesOfTheOtherSideAndUnknownOnesAreRefused) {
    const std::string_view from_client = "BCcdDEfFHPpQSX", from_server = "123ACcdDEGHIKnNRsStTvVWZ";
    for (int type = 0; type < 256; ++type) {
        char c = static_cast<char>(type);
        bool client = from_client.find(c) != std::string_view::npos;
        bool server = from_server.find(c) != std::string_view::npos;
        std::string message = c + test::be32(4);
        EXPECT_EQ(error_of(Direction::Frontend, message, {}),
                  client ? FrameError::None : FrameError::UnknownType)
            << type;
        EXPECT_EQ(error_of(Direction::Backend, message, {}),
                  server ? FrameError::None : FrameError::UnknownType)
            << type;
    }
}

TEST(FrameReader, HoldLimitIsTheLongestMessageThatComesWhole) {
    // The message of header and payload has so many bytes; the limit is 100.
    for (std::size_t size : {99u, 100u, 101u, 200u}) {
        const std::string message = typed('Q', std::string(size - 5, 'x'));
        for (std::size_t at = 1; at < size; ++at) {
            auto read = read_all(Direction::Frontend, {message.substr(0, at), message.substr(at)},
                                 {0x7fffffff, 100});
            ASSERT_EQ(read.messages.size(), 1u);
            EXPECT_EQ(read.messages[0].wire, message);
            EXPECT_EQ(read.pieces > 0, size > 100) << size << " split at " << at;
        }
    }
}

TEST(FrameReader, ALongMessageThatIsAllThereComesWhole) {
    const std::string message = typed('Q', std::string(10'000, 'x'));
    EXPECT_EQ(read_all(Direction::Frontend, {message}, {0x7fffffff, 100}).pieces, 0);
}

TEST(FrameReader, RowsAndCopyDataAreHandedOnAsTheyCome) {
    const std::string row = test::data_row(std::string(50, 'x'));
    auto read = read_all(Direction::Backend, {row.substr(0, 20), row.substr(20)});
    EXPECT_EQ(read.pieces, 2);
    // A Describe, with the same letter, is not: it must be understood.
    const std::string describe = test::describe('S', std::string(50, 'x'));
    read = read_all(Direction::Frontend, {describe.substr(0, 20), describe.substr(20)});
    EXPECT_EQ(read.pieces, 0);
}

TEST(FrameReader, KnowsWhereItStands) {
    FrameReader reader(Direction::Backend, {});
    Frame frame;
    auto take = [&](base::Bytes input) { return reader.next(input, frame); };
    EXPECT_TRUE(reader.at_boundary());
    EXPECT_EQ(take(base::as_bytes("C")), FrameOutcome::Need);
    EXPECT_FALSE(reader.at_boundary());
    EXPECT_FALSE(reader.in_pieces());
    EXPECT_EQ(take(base::as_bytes(std::string_view("\0\0\0\4", 4))), FrameOutcome::Got);
    EXPECT_TRUE(reader.at_boundary());
    EXPECT_EQ(take({}), FrameOutcome::Need);
    EXPECT_EQ(take(base::as_bytes(std::string_view("D\0\0\0\7ab", 7))), FrameOutcome::Got);
    EXPECT_TRUE(reader.in_pieces());
    EXPECT_FALSE(reader.at_boundary());
    EXPECT_EQ(take(base::as_bytes("c")), FrameOutcome::Got);
    EXPECT_TRUE(frame.last);
    EXPECT_TRUE(reader.at_boundary());
}

}  // namespace
}  // namespace pgsidecar::protocol
