#include "model/json_object.hpp"

#include <gtest/gtest.h>
#include <rapidjson/document.h>

#include <limits>
#include <string>

namespace pgsidecar::model {
namespace {

constexpr std::string_view kBad = "\xEF\xBF\xBD";

std::string repeated_bad(int count) {
    std::string text;
    for (int i = 0; i < count; ++i) text += kBad;
    return text;
}

struct Utf8Case {
    std::string input;
    std::string expected;
};

TEST(ValidUtf8, BrokenSequencesBecomeReplacementCharacters) {
    const Utf8Case cases[] = {
        {"", ""},
        {"plain", "plain"},
        {"caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x90\x98", "caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x90\x98"},
        {"\xFF", repeated_bad(1)},
        {"a\x80z", "a" + repeated_bad(1) + "z"},
        {"\xC0\xAF", repeated_bad(2)},          // overlong
        {"\xE0\x80\x80", repeated_bad(3)},      // overlong
        {"\xED\xA0\x80", repeated_bad(3)},      // surrogate
        {"\xF4\x90\x80\x80", repeated_bad(4)},  // above U+10FFFF
        {"\xE2\x82", repeated_bad(1)},          // cut off
        {"\xF0\x9F\x90x", repeated_bad(1) + "x"},
    };
    for (const auto& test : cases) EXPECT_EQ(valid_utf8(test.input), test.expected);
}

TEST(JsonObject, AnyBytesMakeValidJson) {
    for (int first = 0; first < 256; ++first) {
        for (int second : {0x00, 0x22, 0x5C, 0x80, 0xBF, 0xC3, 0xED, 0xFF}) {
            const std::string text{static_cast<char>(first), static_cast<char>(second)};
            JsonObject json;
            json.add("text", text);
            const std::string out = json.finish();
            rapidjson::Document document;
            document.Parse<rapidjson::kParseValidateEncodingFlag>(out.c_str());
            ASSERT_FALSE(document.HasParseError()) << first << " " << second;
            ASSERT_EQ(std::string(document["text"].GetString(), document["text"].GetStringLength()),
                      valid_utf8(text));
        }
    }
}

TEST(JsonObject, NumbersKeepTheirTypes) {
    JsonObject json;
    json.add("b", true)
        .add("i", -1)
        .add("u", std::numeric_limits<std::uint64_t>::max())
        .add("d", 1.2344)
        .add("none", std::optional<int>())
        .add("raw", std::optional<int>(0))
        .add_raw("o", "{}");
    EXPECT_EQ(json.finish(),
              R"({"b":true,"i":-1,"u":18446744073709551615,"d":1.234,"raw":0,"o":{}})");
}

TEST(JsonObject, NumbersWithoutAJsonFormBecomeZero) {
    JsonObject json;
    json.add("nan", std::numeric_limits<double>::quiet_NaN())
        .add("inf", std::numeric_limits<double>::infinity())
        .add("max", std::numeric_limits<double>::max());
    EXPECT_EQ(json.finish(), R"({"nan":0.0,"inf":0.0,"max":0.0})");
}

}  // namespace
}  // namespace pgsidecar::model
