#include <gtest/gtest.h>

#include <array>
#include <functional>

#include "protocol/messages/backend_decode.hpp"
#include "protocol/messages/backend_encode.hpp"
#include "protocol/messages/protocol_errc.hpp"
#include "tests/support/byte_literals.hpp"
#include "tests/support/exact_buffer.hpp"

namespace pgsidecar::protocol {
namespace {

using namespace test::literals;
using base::as_bytes;
using base::as_text;
using test::ExactBuffer;

struct EncodeRow {
    const char* name;
    std::function<void(std::string&)> append;
    std::string golden;
};

constexpr std::array kSalt = {std::byte{0x33}, std::byte{0x52}, std::byte{0xbb}, std::byte{0x72}};

// Goldens without a remark are as a PostgreSQL 15.18 sent them to psql.
const EncodeRow kEncodeRows[] = {
    {"ok", append_authentication_ok, "52 00000008 00000000"_bytes},
    {"cleartext", append_authentication_cleartext_password, "52 00000008 00000003"_bytes},
    {"md5", [](auto& out) { append_authentication_md5_password(out, kSalt); },
     "52 0000000c 00000005 3352bb72"_bytes},
    {"sasl",
     [](auto& out) {
         append_authentication_sasl(out, std::array<std::string_view, 1>{"SCRAM-SHA-256"});
     },
     "52 00000017 0000000a 'SCRAM-SHA-256' 00 00"_bytes},
    {"sasl continue", [](auto& out) { append_authentication_sasl_continue(out, "r=a,s=b,i=1"); },
     "52 00000013 0000000b 'r=a,s=b,i=1'"_bytes},
    {"sasl final",
     [](auto& out) {
         append_authentication_sasl_final(out, "v=otEO/O2EWrhWIusLpAlYJDGkPVY0f1mb3ykFwoicdkQ=");
     },
     "52 00000036 0000000c 'v=otEO/O2EWrhWIusLpAlYJDGkPVY0f1mb3ykFwoicdkQ='"_bytes},
    {"parameter", [](auto& out) { append_parameter_status(out, "DateStyle", "ISO, MDY"); },
     "53 00000017 'DateStyle' 00 'ISO, MDY' 00"_bytes},
    {"key", [](auto& out) { append_backend_key_data(out, 0x3d9c, as_bytes("\x10\xc3\xf6\xbf")); },
     "4b 0000000c 00003d9c 10c3f6bf"_bytes},
    {"idle", [](auto& out) { append_ready_for_query(out, TransactionStatus::Idle); },
     "5a 00000005 49"_bytes},
    {"in transaction",
     [](auto& out) { append_ready_for_query(out, TransactionStatus::InTransaction); },
     "5a 00000005 54"_bytes},
    {"failed", [](auto& out) { append_ready_for_query(out, TransactionStatus::Failed); },
     "5a 00000005 45"_bytes},
    {"complete", [](auto& out) { append_command_complete(out, "INSERT 0 2"); },
     "43 0000000f 'INSERT 0 2' 00"_bytes},
    {"empty query", append_empty_query_response, "49 00000004"_bytes},
    {"error",
     [](auto& out) {
         append_error_response(out, {.severity = "FATAL",
                                     .sqlstate = "3D000",
                                     .message = "database \"nodb\" does not exist",
                                     .file = "postinit.c",
                                     .line = "948",
                                     .routine = "InitPostgres"});
     },
     "45 00000059 'SFATAL' 00 'VFATAL' 00 'C3D000' 00 'Mdatabase \"nodb\" does not exist' 00"
     "'Fpostinit.c' 00 'L948' 00 'RInitPostgres' 00 00"_bytes},
    // From the manual: what a caller leaves out is filled in.
    {"bare error", [](auto& out) { append_error_response(out, {}); },
     "45 00000026 'SERROR' 00 'VERROR' 00 'CXX000' 00 'Mno message' 00 00"_bytes},
    {"notice",
     [](auto& out) { append_notice_response(out, {.message = "queued", .hint = "wait"}); },
     "4e 0000002a 'SNOTICE' 00 'VNOTICE' 00 'C00000' 00 'Mqueued' 00 'Hwait' 00 00"_bytes},
    // From the manual; version as PostgreSQL's SendNegotiateProtocolVersion writes it.
    {"negotiate",
     [](auto& out) {
         append_negotiate_protocol_version(out, kProtocol30,
                                           std::array<std::string_view, 1>{"_pq_.x"});
     },
     "76 00000013 00030000 00000001 '_pq_.x' 00"_bytes},
};

TEST(BackendEncode, WritesTheGoldenBytes) {
    for (const EncodeRow& row : kEncodeRows) {
        std::string out;
        row.append(out);
        EXPECT_EQ(out, row.golden) << row.name;
    }
}

TEST(BackendEncode, CutsErrorTextsAtAZeroAndAtTheLimit) {
    std::string out;
    const std::string text = std::string(kMaxErrorText + 5, 'x');
    append_error_response(out, {.message = text, .hint = std::string_view("a\0Cfake", 7)});
    auto view = decode_error_response(as_bytes(out).subspan(5));
    EXPECT_TRUE(view.complete);
    EXPECT_EQ(view.fields.message.size(), kMaxErrorText);
    EXPECT_EQ(view.fields.hint, "a");
    EXPECT_EQ(view.fields.sqlstate, "XX000");
}

struct DecodeRow {
    const char* name;
    std::string payload;
    std::function<std::error_code(base::Bytes)> decode;  // The error, none if it was read.
};

template <class Decode>
auto error_of(Decode decode) {
    return [decode](base::Bytes bytes) {
        auto result = decode(bytes);
        return result.has_error() ? result.error() : std::error_code();
    };
}

const DecodeRow kStrictRows[] = {
    {"parameter", "'TimeZone' 00 'Etc/UTC' 00"_bytes, error_of(decode_parameter_status)},
    {"ready", "49"_bytes, error_of(decode_ready_for_query)},
    {"complete", "'SELECT 2' 00"_bytes, error_of(decode_command_complete)},
    {"negotiate", "00030000 00000002 '_pq_.a' 00 '_pq_.b' 00"_bytes,
     error_of(decode_negotiate_protocol_version)},
    {"ok", "00000000"_bytes, error_of(decode_authentication)},
    {"md5", "00000005 3352bb72"_bytes, error_of(decode_authentication)},
    {"sasl", "0000000a 'SCRAM-SHA-256-PLUS' 00 'SCRAM-SHA-256' 00 00"_bytes,
     error_of(decode_authentication)},
};

TEST(BackendDecode, RefusesEveryTruncationAndOneExtraByte) {
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

TEST(BackendDecode, ReadsTheFields) {
    std::string parameter = "'TimeZone' 00 'Etc/UTC' 00"_bytes;
    auto status = decode_parameter_status(as_bytes(parameter));
    EXPECT_EQ(status->name, "TimeZone");
    EXPECT_EQ(status->value, "Etc/UTC");

    EXPECT_EQ(*decode_ready_for_query(as_bytes("T")), TransactionStatus::InTransaction);
    EXPECT_EQ(decode_ready_for_query(as_bytes("X")).error(), ProtocolErrc::InvalidField);

    std::string negotiate = "00030002 00000001 '_pq_.a' 00"_bytes;
    auto version = decode_negotiate_protocol_version(as_bytes(negotiate));
    EXPECT_EQ(version->minor, 2);
    EXPECT_EQ(version->option_count, 1u);
    EXPECT_EQ(as_text(version->unknown_options), "'_pq_.a' 00"_bytes);
    for (const std::string& bad : {"00030000 ffffffff"_bytes, "80000000 00000000"_bytes}) {
        EXPECT_EQ(decode_negotiate_protocol_version(as_bytes(bad)).error(),
                  ProtocolErrc::InvalidField);
    }
}

TEST(BackendDecode, NegotiatedNamesCannotBeMoreThanTheBytes) {
    ExactBuffer hostile("00030000 7fffffff 00 00 00"_bytes);
    EXPECT_EQ(decode_negotiate_protocol_version(hostile.bytes()).error(),
              ProtocolErrc::MessageTruncated);
}

TEST(BackendDecode, TakesCancelKeysOf4To256Bytes) {
    for (std::size_t size : {0u, 3u, 4u, 32u, 256u, 257u}) {
        ExactBuffer payload("00003d9c"_bytes + std::string(size, 'k'));
        auto key = decode_backend_key_data(payload.bytes());
        if (size < 4 || size > 256) {
            EXPECT_EQ(key.error(), ProtocolErrc::CancelKeyLength) << size;
        } else {
            EXPECT_EQ(key->pid, 0x3d9c);
            EXPECT_EQ(key->secret.size(), size);
        }
    }
    EXPECT_EQ(decode_backend_key_data(as_bytes("abc")).error(), ProtocolErrc::MessageTruncated);
}

TEST(BackendDecode, TellsAuthenticationKindsApart) {
    struct Row {
        std::string payload;
        AuthenticationKind kind;
    };
    const Row rows[] = {
        {"00000000"_bytes, AuthenticationKind::Ok},
        {"00000002"_bytes, AuthenticationKind::KerberosV5},
        {"00000003"_bytes, AuthenticationKind::CleartextPassword},
        {"00000005 01020304"_bytes, AuthenticationKind::Md5Password},
        {"00000007"_bytes, AuthenticationKind::Gss},
        {"00000008 ff"_bytes, AuthenticationKind::GssContinue},
        {"00000009"_bytes, AuthenticationKind::Sspi},
        {"0000000a 'X' 00 00"_bytes, AuthenticationKind::Sasl},
        {"0000000b 'r='"_bytes, AuthenticationKind::SaslContinue},
        {"0000000c 'v='"_bytes, AuthenticationKind::SaslFinal},
    };
    for (const Row& row : rows) {
        auto view = decode_authentication(as_bytes(row.payload));
        ASSERT_TRUE(view.has_value());
        EXPECT_EQ(view->kind, row.kind);
        EXPECT_EQ(as_text(view->data), row.payload.substr(4));
    }
    for (const std::string& unknown : {"00000001"_bytes, "00000006"_bytes, "ffffffff"_bytes}) {
        EXPECT_EQ(decode_authentication(as_bytes(unknown)).error(),
                  ProtocolErrc::AuthMethodUnsupported);
    }
}

TEST(BackendDecode, FindsAMechanismByItsWholeName) {
    std::string list = "'SCRAM-SHA-256-PLUS' 00 'OTHER' 00 00 'SCRAM-SHA-256' 00"_bytes;
    EXPECT_TRUE(offers_mechanism(as_bytes(list), "OTHER"));
    EXPECT_FALSE(offers_mechanism(as_bytes(list), "SCRAM-SHA-256"));
    EXPECT_FALSE(offers_mechanism({}, "SCRAM-SHA-256"));
    EXPECT_FALSE(offers_mechanism(as_bytes("OTHER"), "OTHER"));
}

// Captured from a PostgreSQL 15.18.
const std::string kError =
    "'SERROR' 00 'VERROR' 00 'C42601' 00 'Msyntax error at or near \"selec\"' 00 'P1' 00"
    "'Fscan.l' 00 'L1188' 00 'Rscanner_yyerror' 00 00"_bytes;

TEST(ErrorResponse, ReadsACapturedOne) {
    auto view = decode_error_response(as_bytes(kError));
    EXPECT_TRUE(view.complete);
    EXPECT_EQ(view.fields.severity, "ERROR");
    EXPECT_EQ(view.fields.sqlstate, "42601");
    EXPECT_EQ(view.fields.message, "syntax error at or near \"selec\"");
    EXPECT_EQ(view.fields.position, "1");
    EXPECT_EQ(view.fields.routine, "scanner_yyerror");
    EXPECT_TRUE(view.fields.constraint.empty());
    EXPECT_FALSE(view.fields.ends_session());
}

TEST(ErrorResponse, ReadsEveryFieldTheManualNames) {
    std::string all =
        "'Sx' 00 'VFATAL' 00 'C1' 00 'M2' 00 'D3' 00 'H4' 00 'P5' 00 'p6' 00 'q7' 00 'W8' 00 's9' "
        "00"
        "'ta' 00 'cb' 00 'dc' 00 'nd' 00 'Fe' 00 'Lf' 00 'Rg' 00 00"_bytes;
    auto f = decode_error_response(as_bytes(all)).fields;
    std::string seen;
    for (std::string_view value :
         {f.sqlstate, f.message, f.detail, f.hint, f.position, f.internal_position,
          f.internal_query, f.where, f.schema, f.table, f.column, f.data_type, f.constraint, f.file,
          f.line, f.routine}) {
        seen += value;
    }
    EXPECT_EQ(seen, "123456789abcdefg");
    EXPECT_TRUE(f.ends_session());
}

TEST(ErrorResponse, SurvivesHostileForms) {
    struct Row {
        std::string payload;
        const char* severity;
        const char* sqlstate;
        bool complete;
    };
    const Row rows[] = {
        {"00"_bytes, "", "", true},
        {""_bytes, "", "", false},
        {"'SFEHLER' 00 'Mx' 00 00"_bytes, "FEHLER", "", true},             // Before 9.6: no V.
        {"'SFEHLER' 00 'VERROR' 00 'Mx' 00 00"_bytes, "ERROR", "", true},  // No SQLSTATE.
        {"'VERROR' 00 'C1' 00 'C2' 00 00"_bytes, "ERROR", "2", true},      // Twice: the last.
        {"'VERROR' 00 'C1' 00"_bytes, "ERROR", "1", false},                // No terminator.
        {"'VERROR' 00 'C12'"_bytes, "ERROR", "", false},                   // Cut in a field.
        {"'VERROR' 00 'C1' 00 00 'C2' 00"_bytes, "ERROR", "1", false},     // Bytes behind.
        {"'!?' 00 'C1' 00 00"_bytes, "", "1", true},                       // An unknown field.
        {"'C' 00 00"_bytes, "", "", true},                                 // An empty value.
    };
    for (const Row& row : rows) {
        ExactBuffer payload(row.payload);
        auto view = decode_error_response(payload.bytes());
        EXPECT_EQ(view.fields.severity, row.severity) << row.payload;
        EXPECT_EQ(view.fields.sqlstate, row.sqlstate) << row.payload;
        EXPECT_EQ(view.complete, row.complete) << row.payload;
    }
}

TEST(ErrorResponse, SaysIncompleteForEveryTruncationAndForExtraBytes) {
    auto incomplete = [](base::Bytes bytes) {
        EXPECT_FALSE(decode_error_response(bytes).complete);
    };
    test::for_each_truncation(kError, incomplete);
    test::for_one_extra_byte(kError, incomplete);
}

TEST(CommandTag, TakesCommandAndRowsApart) {
    struct Row {
        const char* tag;
        const char* command;
        std::optional<std::uint64_t> rows;
    };
    const Row rows[] = {
        {"INSERT 0 5", "INSERT", 5},
        {"INSERT 16384 1", "INSERT", 1},
        {"UPDATE 3", "UPDATE", 3},
        {"DELETE 0", "DELETE", 0},
        {"SELECT 2", "SELECT", 2},
        {"COPY 7", "COPY", 7},
        {"MERGE 4", "MERGE", 4},
        {"FETCH 1", "FETCH", 1},
        {"MOVE 9", "MOVE", 9},
        {"SELECT 18446744073709551615", "SELECT", 18446744073709551615ULL},
        {"SELECT 18446744073709551616", "SELECT", std::nullopt},
        {"COPY", "COPY", std::nullopt},  // Before 8.2.
        {"CREATE TABLE", "CREATE TABLE", std::nullopt},
        {"BEGIN", "BEGIN", std::nullopt},
        {"", "", std::nullopt},
        {"5", "5", std::nullopt},
        {" 5", " 5", std::nullopt},
        {"X5", "X5", std::nullopt},
        {"SELECT -1", "SELECT -1", std::nullopt},
    };
    for (const Row& row : rows) {
        ExactBuffer buffer(row.tag);
        CommandTag tag = parse_command_tag(buffer.text());
        EXPECT_EQ(tag.command, row.command) << row.tag;
        EXPECT_EQ(tag.rows, row.rows) << row.tag;
    }
}

}  // namespace
}  // namespace pgsidecar::protocol
