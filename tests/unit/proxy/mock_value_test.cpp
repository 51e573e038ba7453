#include "proxy/mock/value.hpp"

#include <gtest/gtest.h>

#include "proxy/mock/numeric_form.hpp"

namespace pgsidecar::proxy::mock {
namespace {

Value text(Oid type, std::string content) { return {type, std::move(content), {}}; }

TEST(MockValue, BinaryAndBackIsTheSame) {
    const std::pair<Oid, const char*> kAll[] = {
        {oid::kBool, "t"},
        {oid::kBool, "f"},
        {oid::kInt2, "-32768"},
        {oid::kInt4, "2147483647"},
        {oid::kInt8, "-9223372036854775808"},
        {oid::kOid, "4294967295"},
        {oid::kText, "h\xc3\xa9"},
        {oid::kVarchar, ""},
        {oid::kFloat4, "1.5"},
        {oid::kFloat8, "-1e+100"},
        {oid::kFloat8, "NaN"},
        {oid::kBytea, "\\x00ff"},
        {oid::kUuid, "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"},
        {oid::kJsonb, "{\"a\": 1}"},
        {oid::kDate, "1969-12-31"},
        {oid::kDate, "2026-11-20"},
        {oid::kTimestamp, "2026-11-20 10:00:00.000001"},
        {oid::kTimestamptz, "1999-12-31 23:59:59.5+00"},
    };
    for (const auto& [type, content] : kAll) {
        auto binary = encode_value(text(type, content), Format::Binary);
        ASSERT_TRUE(binary) << content;
        Value back = decode_value(type, Format::Binary, *binary);
        EXPECT_EQ(back.text, content);
        EXPECT_EQ(back.type, type);
    }
}

TEST(MockValue, NumericsAndBack) {
    for (const char* number :
         {"0", "1", "-1", "10000", "123456789.987654321", "0.0001", "-0.00001",
          "99999999999999999999999999", "1.50", "NaN", "0.000000000001", "20000", "100000000"}) {
        auto binary = numeric_to_binary(number);
        ASSERT_TRUE(binary) << number;
        EXPECT_EQ(numeric_to_text(*binary), number);
    }
    for (const char* bad : {"", "-", "abc", "1e5", "1.2.3", "."})
        EXPECT_FALSE(numeric_to_binary(bad)) << bad;
}

TEST(MockValue, BrokenBinaryIsGivenBackAsItIs) {
    for (Oid type : {oid::kInt4, oid::kBool, oid::kUuid, oid::kTimestamptz, oid::kNumeric,
                     oid::kDate, oid::kFloat8, oid::kJsonb}) {
        Value value = decode_value(type, Format::Binary, "\x7f\x7f\x7f");
        EXPECT_FALSE(value.text) << type;
        EXPECT_EQ(encode_value(value, Format::Binary), "\x7f\x7f\x7f");
        EXPECT_FALSE(encode_value(value, Format::Text));
    }
}

TEST(MockValue, CastsThatCannotBeAreNull) {
    EXPECT_EQ(cast_value(text(oid::kText, " 12 "), oid::kInt4).text, "12");
    EXPECT_EQ(cast_value(text(oid::kText, "1.5"), oid::kInt4).text, "2");
    EXPECT_EQ(cast_value(text(oid::kBool, "t"), oid::kInt4).text, "1");
    EXPECT_EQ(cast_value(text(oid::kBool, "t"), oid::kText).text, "true");
    EXPECT_EQ(cast_value(text(oid::kText, "OFF"), oid::kBool).text, "f");
    EXPECT_EQ(cast_value(text(oid::kText, "2024-02-29T12:34:56.789Z"), oid::kTimestamptz).text,
              "2024-02-29 12:34:56.789+00");
    EXPECT_EQ(cast_value(text(oid::kText, "2024-02-29 12:00:00+02:30"), oid::kTimestamptz).text,
              "2024-02-29 09:30:00+00");
    for (auto [content, type] : {std::pair{"x", oid::kInt4},
                                 {"99999", oid::kInt2},
                                 {"maybe", oid::kBool},
                                 {"2023-02-29", oid::kDate},
                                 {"now", oid::kTimestamptz},
                                 {"123", oid::kUuid},
                                 {"1e999", oid::kInt8},
                                 {"", oid::kFloat8}}) {
        Value out = cast_value(text(oid::kText, content), type);
        EXPECT_TRUE(out.is_null()) << content;
        EXPECT_EQ(out.type, type);
    }
}

TEST(MockValue, TypesHaveTheirNames) {
    EXPECT_EQ(type_of("timestamp with time zone"), oid::kTimestamptz);
    EXPECT_EQ(type_of("int[]"), Oid{1007});
    EXPECT_EQ(type_of("text[][]"), oid::kTextArray);
    EXPECT_EQ(type_of("my_enum"), std::nullopt);
    EXPECT_EQ(name_of(oid::kBpchar), "bpchar");
    EXPECT_EQ(name_of(1007), "int4");
    EXPECT_EQ(length_of(oid::kInt8), 8);
    EXPECT_EQ(length_of(1007), -1);
}

}  // namespace
}  // namespace pgsidecar::proxy::mock
