#include "protocol/startup/startup_packet.hpp"

#include <gmock/gmock.h>

#include "protocol/messages/protocol_errc.hpp"
#include "tests/support/byte_literals.hpp"
#include "tests/support/exact_buffer.hpp"

namespace pgsidecar::protocol {
namespace {

using namespace test::literals;
using base::as_bytes;
using base::as_text;
using test::ExactBuffer;
using testing::ElementsAre;
using testing::Pair;

std::string with_length(const std::string& rest) {
    std::string packet(4, '\0');
    base::store_be32(reinterpret_cast<std::byte*>(packet.data()),
                     static_cast<std::uint32_t>(rest.size() + 4));
    return packet + rest;
}

// As psql 15.18 sent it.
const std::string kPsql =
    "00000054 00030000 'user' 00 'alice' 00 'database' 00 'postgres' 00"
    "'options' 00 '-c work_mem=8MB' 00 'application_name' 00 'psql' 00 00"_bytes;

std::error_code error_of(std::string_view packet) {
    ExactBuffer buffer(packet);
    auto parsed = parse_startup(buffer.bytes());
    return parsed.has_error() ? parsed.error() : std::error_code();
}

TEST(StartupPacket, ReadsPsqls) {
    auto packet = parse_startup(as_bytes(kPsql));
    ASSERT_TRUE(packet.has_value());
    EXPECT_EQ(packet->length, kPsql.size());
    const auto& message = std::get<StartupMessage>(packet->body);
    EXPECT_EQ(message.minor_version, 0);
    EXPECT_THAT(message.parameters,
                ElementsAre(Pair("user", "alice"), Pair("database", "postgres"),
                            Pair("options", "-c work_mem=8MB"), Pair("application_name", "psql")));
    EXPECT_EQ(message.user(), "alice");
    EXPECT_EQ(message.database(), "postgres");
    EXPECT_FALSE(message.needs_negotiation());
}

TEST(StartupPacket, AsksForTheMissingBytesAtEveryTruncation) {
    for (const std::string& golden : {kPsql, "00000008 04d2162f"_bytes, "00000008 04d21630"_bytes,
                                      "00000010 04d2162e 00003d9c 10c3f6bf"_bytes}) {
        test::for_each_truncation(golden, [&](base::Bytes bytes) {
            auto packet = parse_startup(bytes);
            ASSERT_TRUE(packet.has_value());
            EXPECT_TRUE(std::holds_alternative<NeedBytes>(packet->body));
            EXPECT_EQ(packet->length, bytes.size() < 4 ? 4 : golden.size());
        });
    }
}

TEST(StartupPacket, LeavesBytesBehindThePacketAlone) {
    for (const std::string& golden : {kPsql, "00000008 04d2162f"_bytes}) {
        test::for_one_extra_byte(golden, [&](base::Bytes bytes) {
            auto packet = parse_startup(bytes);
            ASSERT_TRUE(packet.has_value());
            EXPECT_EQ(packet->length, golden.size());
            EXPECT_FALSE(std::holds_alternative<NeedBytes>(packet->body));
        });
    }
}

TEST(StartupPacket, RefusesAParameterListThatEndsAnywhereElse) {
    const std::string body = kPsql.substr(4);
    for (std::size_t size = 4; size < body.size(); ++size) {
        EXPECT_EQ(error_of(with_length(body.substr(0, size))), ProtocolErrc::StartupLayout) << size;
    }
    EXPECT_EQ(error_of(with_length(body + '\0')), ProtocolErrc::StartupLayout);
}

TEST(StartupPacket, TellsRequestsApart) {
    auto ssl = parse_startup(as_bytes("00000008 04d2162f"_bytes));
    EXPECT_TRUE(std::holds_alternative<SslRequest>(ssl->body));
    auto gss = parse_startup(as_bytes("00000008 04d21630"_bytes));
    EXPECT_TRUE(std::holds_alternative<GssEncRequest>(gss->body));
    std::string bytes = "00000010 04d2162e 00003d9c 10c3f6bf"_bytes;
    auto cancel = parse_startup(as_bytes(bytes));
    const auto& request = std::get<CancelRequest>(cancel->body);
    EXPECT_EQ(request.pid, 0x3d9c);
    EXPECT_EQ(as_text(request.secret), "10c3f6bf"_bytes);
}

TEST(StartupPacket, RefusesHostilePackets) {
    struct Row {
        const char* what;
        std::string bytes;
        ProtocolErrc error;
    };
    const Row rows[] = {
        {"length 0", "00000000"_bytes, ProtocolErrc::InvalidLength},
        {"length 3", "00000003"_bytes, ProtocolErrc::InvalidLength},
        {"length 4", "00000004"_bytes, ProtocolErrc::InvalidLength},
        {"length 7", "00000007"_bytes, ProtocolErrc::InvalidLength},
        {"length -1", "ffffffff"_bytes, ProtocolErrc::InvalidLength},
        {"length -2^31", "80000000"_bytes, ProtocolErrc::InvalidLength},
        {"length 2^31-1", "7fffffff"_bytes, ProtocolErrc::StartupTooLong},
        {"length 10001", "00002711"_bytes, ProtocolErrc::StartupTooLong},
        {"an HTTP GET", "'GET / HTTP/1.1'"_bytes, ProtocolErrc::StartupLooksLikeHttp},
        {"an HTTP POST", "'POST'"_bytes, ProtocolErrc::StartupLooksLikeHttp},
        {"an HTTP/2 preface", "'PRI *'"_bytes, ProtocolErrc::StartupLooksLikeHttp},
        {"a TLS ClientHello", "16 0301 0200 01"_bytes, ProtocolErrc::StartupLooksLikeTls},
        {"SSH", "'SSH-2.0'"_bytes, ProtocolErrc::StartupTooLong},
        {"an SSLRequest with more", "00000009 04d2162f 00"_bytes, ProtocolErrc::InvalidLength},
        {"a GSSENCRequest with more", "00000009 04d21630 00"_bytes, ProtocolErrc::InvalidLength},
        {"version 2.0", "00000009 00020000 00"_bytes, ProtocolErrc::UnsupportedProtocolVersion},
        {"version 4.0", "00000009 00040000 00"_bytes, ProtocolErrc::UnsupportedProtocolVersion},
        {"version 0", "00000009 00000000 00"_bytes, ProtocolErrc::UnsupportedProtocolVersion},
        {"an unknown request", "00000008 04d20000"_bytes, ProtocolErrc::UnsupportedProtocolVersion},
        {"a negative version", "00000008 ffff0000"_bytes, ProtocolErrc::UnsupportedProtocolVersion},
        {"no list", "00000008 00030000"_bytes, ProtocolErrc::StartupLayout},
        {"no user", "00000009 00030000 00"_bytes, ProtocolErrc::MissingUser},
        {"an empty user", "0000000f 00030000 'user' 00 00 00"_bytes, ProtocolErrc::MissingUser},
        {"an empty name", with_length("00030000 00 'x' 00 'user' 00 'a' 00 00"_bytes),
         ProtocolErrc::StartupLayout},
        {"no value", with_length("00030000 'user' 00"_bytes), ProtocolErrc::StartupLayout},
        {"a cancel without key", "0000000c 04d2162e 00003d9c"_bytes, ProtocolErrc::CancelKeyLength},
        {"a cancel without pid", "00000008 04d2162e"_bytes, ProtocolErrc::CancelKeyLength},
        {"a cancel key of 3 bytes", "0000000f 04d2162e 00003d9c 10c3f6"_bytes,
         ProtocolErrc::CancelKeyLength},
        {"a cancel key of 257 bytes",
         with_length("04d2162e 00003d9c"_bytes + std::string(257, 'k')),
         ProtocolErrc::CancelKeyLength},
    };
    for (const Row& row : rows) EXPECT_EQ(error_of(row.bytes), row.error) << row.what;
}

TEST(StartupPacket, TakesTheLongestAndNotOneByteMore) {
    for (std::size_t length : {10'000u, 10'001u}) {
        std::string rest = "00030000 'user' 00 'a' 00 'x' 00"_bytes;
        rest += std::string(length - 4 - rest.size() - 2, 'v') + "00 00"_bytes;
        EXPECT_EQ(error_of(with_length(rest)),
                  length == 10'000 ? std::error_code() : ProtocolErrc::StartupTooLong);
    }
    auto packet = parse_startup(as_bytes(kPsql), {.max_length = kPsql.size() - 1});
    EXPECT_EQ(packet.error(), ProtocolErrc::StartupTooLong);
}

TEST(StartupPacket, TakesCancelKeysOf256Bytes) {
    std::string bytes = with_length("04d2162e 00003d9c"_bytes + std::string(256, 'k'));
    auto packet = parse_startup(as_bytes(bytes));
    EXPECT_EQ(std::get<CancelRequest>(packet->body).secret.size(), 256u);
}

TEST(StartupPacket, LetsTheLastOfDuplicatesWin) {
    std::string bytes =
        with_length("00030000 'user' 00 'a' 00 'x' 00 '1' 00 'user' 00 'b' 00 'x' 00 00 00"_bytes);
    auto packet = parse_startup(as_bytes(bytes));
    const auto& message = std::get<StartupMessage>(packet->body);
    EXPECT_EQ(message.user(), "b");
    EXPECT_EQ(message.find("x"), "");
    EXPECT_EQ(message.find("X"), std::nullopt);
    EXPECT_EQ(message.database(), "b");
    EXPECT_EQ(message.parameters.size(), 4u);
}

TEST(StartupPacket, NegotiatesNewerMinorVersionsAndUnknownOptions) {
    std::string newer = with_length("00030002 'user' 00 'a' 00 00"_bytes);
    auto packet = parse_startup(as_bytes(newer));
    EXPECT_EQ(std::get<StartupMessage>(packet->body).minor_version, 2);
    EXPECT_TRUE(std::get<StartupMessage>(packet->body).needs_negotiation());

    std::string option = with_length("00030000 'user' 00 'a' 00 '_pq_.grease' 00 '1' 00 00"_bytes);
    packet = parse_startup(as_bytes(option));
    const auto& message = std::get<StartupMessage>(packet->body);
    EXPECT_THAT(message.unknown_options, ElementsAre("_pq_.grease"));
    EXPECT_THAT(message.parameters, ElementsAre(Pair("user", "a")));
    EXPECT_TRUE(message.needs_negotiation());
}

}  // namespace
}  // namespace pgsidecar::protocol
