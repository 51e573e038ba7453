#include <gtest/gtest.h>

#include <array>
#include <functional>

#include "protocol/messages/frontend_decode.hpp"
#include "protocol/messages/frontend_encode.hpp"
#include "protocol/messages/protocol_errc.hpp"
#include "tests/support/byte_literals.hpp"
#include "tests/support/exact_buffer.hpp"

namespace pgsidecar::protocol {
namespace {

using namespace test::literals;
using base::as_bytes;
using base::as_text;
using test::ExactBuffer;

// Each golden is as psql 15.18 sent it.
TEST(FrontendEncode, WritesTheGoldenBytes) {
    std::string out;
    const std::array<ParameterView, 4> parameters = {{{"user", "alice"},
                                                      {"database", "postgres"},
                                                      {"options", "-c work_mem=8MB"},
                                                      {"application_name", "psql"}}};
    ASSERT_TRUE(append_startup_message(out, parameters).has_value());
    EXPECT_EQ(out,
              "00000054 00030000 'user' 00 'alice' 00 'database' 00 'postgres' 00"
              "'options' 00 '-c work_mem=8MB' 00 'application_name' 00 'psql' 00 00"_bytes);
    out.clear();
    append_ssl_request(out);
    EXPECT_EQ(out, "00000008 04d2162f"_bytes);
    out.clear();
    ASSERT_TRUE(append_password_message(out, "clear").has_value());
    EXPECT_EQ(out, "70 0000000a 'clear' 00"_bytes);
    out.clear();
    ASSERT_TRUE(
        append_sasl_initial_response(out, "SCRAM-SHA-256", "n,,n=,r=p2UOtrs2tn7ItQ50NfgjQZWG")
            .has_value());
    EXPECT_EQ(out,
              "70 00000036 'SCRAM-SHA-256' 00 00000020 'n,,n=,r=p2UOtrs2tn7ItQ50NfgjQZWG'"_bytes);
    out.clear();
    ASSERT_TRUE(append_query(out, "select 1").has_value());
    EXPECT_EQ(out, "51 0000000d 'select 1' 00"_bytes);
    out.clear();
    append_terminate(out);
    EXPECT_EQ(out, "58 00000004"_bytes);
}

// From the manual.
TEST(FrontendEncode, WritesSyncSaslResponseAndCancel) {
    std::string out;
    append_sync(out);
    ASSERT_TRUE(append_sasl_response(out, "c=biws").has_value());
    ASSERT_TRUE(append_cancel_request(out, 15772, as_bytes("\x10\xc3\xf6\xbf")).has_value());
    EXPECT_EQ(out, "53 00000004 70 0000000a 'c=biws' 00000010 04d2162e 00003d9c 10c3f6bf"_bytes);
}

TEST(FrontendEncode, RefusesWhatTheProtocolCannotCarry) {
    std::string out = "kept";
    const std::string_view zero("a\0b", 3);
    const std::array<ParameterView, 1> unnamed = {{{"", "x"}}};
    const std::array<ParameterView, 1> with_zero = {{{"user", zero}}};
    EXPECT_EQ(append_query(out, zero).error(), ProtocolErrc::EmbeddedZero);
    EXPECT_EQ(append_password_message(out, zero).error(), ProtocolErrc::EmbeddedZero);
    EXPECT_EQ(append_sasl_initial_response(out, zero, "").error(), ProtocolErrc::EmbeddedZero);
    EXPECT_EQ(append_startup_message(out, with_zero).error(), ProtocolErrc::EmbeddedZero);
    EXPECT_EQ(append_startup_message(out, unnamed).error(), ProtocolErrc::InvalidField);
    for (std::size_t size : {3u, 257u}) {
        EXPECT_EQ(append_cancel_request(out, 1, as_bytes(std::string(size, 'k'))).error(),
                  ProtocolErrc::CancelKeyLength);
    }
    EXPECT_EQ(out, "kept");
}

struct DecodeRow {
    const char* name;
    std::string payload;
    std::function<std::error_code(base::Bytes)> decode;
};

template <class Decode>
auto error_of(Decode decode) {
    return [decode](base::Bytes bytes) {
        auto result = decode(bytes);
        return result.has_error() ? result.error() : std::error_code();
    };
}

const DecodeRow kStrictRows[] = {
    {"query", "'select 1' 00"_bytes, error_of(decode_query)},
    {"parse", "'s1' 00 'select $1' 00 0002 00000017 00000019"_bytes, error_of(decode_parse)},
    {"parse without types", "00 'x' 00 0000"_bytes, error_of(decode_parse)},
    {"describe", "'Ss1' 00"_bytes, error_of(decode_target)},
    {"execute", "'p' 00 00000000"_bytes, error_of(decode_execute)},
    {"password", "'clear' 00"_bytes, error_of(decode_password)},
    {"sasl", "'SCRAM-SHA-256' 00 00000003 'n,,'"_bytes, error_of(decode_sasl_initial_response)},
    {"sasl without response", "'SCRAM-SHA-256' 00 ffffffff"_bytes,
     error_of(decode_sasl_initial_response)},
};

TEST(FrontendDecode, RefusesEveryTruncationAndOneExtraByte) {
    for (const DecodeRow& row : kStrictRows) {
        SCOPED_TRACE(row.name);
        ExactBuffer golden(row.payload);
        EXPECT_EQ(row.decode(golden.bytes()), std::error_code());
        test::for_each_truncation(row.payload, [&](base::Bytes bytes) {
            EXPECT_EQ(row.decode(bytes), ProtocolErrc::MessageTruncated) << bytes.size();
        });
        test::for_one_extra_byte(row.payload, [&](base::Bytes bytes) {
            EXPECT_EQ(row.decode(bytes), ProtocolErrc::TrailingBytes);
        });
    }
}

TEST(FrontendDecode, ReadsParse) {
    std::string payload = "'s1' 00 'select $1' 00 0002 00000017 00000019"_bytes;
    auto parse = decode_parse(as_bytes(payload));
    EXPECT_EQ(parse->name, "s1");
    EXPECT_EQ(parse->query, "select $1");
    EXPECT_EQ(parse->param_count, 2);
    EXPECT_EQ(as_text(parse->param_types), "00000017 00000019"_bytes);
}

TEST(FrontendDecode, ReadsParseCountsUnsigned) {
    std::string payload = "00 00 ffff"_bytes + std::string(65535 * 4, '\0');
    EXPECT_EQ(decode_parse(as_bytes(payload))->param_count, 65535);
}

TEST(FrontendDecode, ReadsTheHeadOfAStreamedParse) {
    std::string payload = "'s1' 00 'select $1' 00 0000"_bytes;
    auto whole = decode_parse_head(as_bytes(payload));
    EXPECT_EQ(whole->query, "select $1");
    EXPECT_TRUE(whole->whole_query);
    test::for_each_truncation(payload, [&](base::Bytes part) {
        auto head = decode_parse_head(part);
        ASSERT_EQ(head.has_value(), part.size() >= 3) << part.size();
        if (!head.has_value()) return;
        EXPECT_EQ(head->name, "s1");
        EXPECT_EQ(head->whole_query, part.size() >= 13);
        EXPECT_EQ(head->query, std::string_view("select $1").substr(0, part.size() - 3));
    });
}

TEST(FrontendDecode, ReadsTheHeadOfABind) {
    std::string payload = "'p' 00 's1' 00 0000"_bytes;
    auto head = decode_bind_head(as_bytes(payload));
    EXPECT_EQ(head->portal, "p");
    EXPECT_EQ(head->statement, "s1");
    EXPECT_EQ(head->size, 5u);
    test::for_each_truncation(payload, [&](base::Bytes part) {
        EXPECT_EQ(decode_bind_head(part).has_value(), part.size() >= 5) << part.size();
    });
}

TEST(FrontendDecode, ReadsTargetsAndExecute) {
    std::string portal = "'Pp' 00"_bytes;
    EXPECT_EQ(decode_target(as_bytes(portal))->kind, TargetKind::Portal);
    EXPECT_EQ(decode_target(as_bytes(portal))->name, "p");
    EXPECT_EQ(decode_target(as_bytes("'Xp' 00"_bytes)).error(), ProtocolErrc::InvalidField);
    std::string execute = "00 ffffffff"_bytes;
    EXPECT_EQ(decode_execute(as_bytes(execute))->portal, "");
    EXPECT_EQ(decode_execute(as_bytes(execute))->max_rows, -1);
}

TEST(FrontendDecode, ReadsSaslInitialResponses) {
    std::string with = "'M' 00 00000002 'ab'"_bytes;
    std::string empty = "'M' 00 00000000"_bytes;
    std::string without = "'M' 00 ffffffff"_bytes;
    EXPECT_EQ(decode_sasl_initial_response(as_bytes(with))->mechanism, "M");
    EXPECT_EQ(decode_sasl_initial_response(as_bytes(with))->response, "ab");
    EXPECT_EQ(decode_sasl_initial_response(as_bytes(empty))->response, "");
    EXPECT_EQ(decode_sasl_initial_response(as_bytes(without))->response, std::nullopt);
    for (const std::string& length : {"fffffffe"_bytes, "80000000"_bytes}) {
        EXPECT_EQ(decode_sasl_initial_response(as_bytes("'M' 00"_bytes + length)).error(),
                  ProtocolErrc::InvalidField);
    }
    EXPECT_EQ(decode_sasl_initial_response(as_bytes("'M' 00 7fffffff 'ab'"_bytes)).error(),
              ProtocolErrc::MessageTruncated);
}

}  // namespace
}  // namespace pgsidecar::protocol
