#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "realtime/row_filter.hpp"
#include "realtime/row_image.hpp"

namespace pgsidecar::realtime {
namespace {

RowImage row(std::string_view json) {
    auto image = RowImage::parse(json);
    EXPECT_TRUE(image) << json;
    return image.value_or(RowImage());
}

TEST(RowImage, KeepsValuesAndTurnsUnsafeNumbersIntoStrings) {
    EXPECT_EQ(row(R"({"a":1,"b":"x","c":null,"d":true,"e":[1,{"f":2}],"g":1.50})").to_json({}),
              R"({"a":1,"b":"x","c":null,"d":true,"e":[1,{"f":2}],"g":1.50})");
    EXPECT_EQ(row(R"({"id":9007199254740993,"n":[9007199254740993]})").to_json({}),
              R"({"id":"9007199254740993","n":["9007199254740993"]})");
    EXPECT_EQ(row(R"({"id":9007199254740992})").to_json({}), R"({"id":9007199254740992})");
}

TEST(RowImage, SelectsAndHides) {
    RowImage image = row(R"({"id":1,"name":"a","password":"p"})");
    image.erase_if([](std::string_view column) { return column == "password"; });
    EXPECT_EQ(image.to_json({}), R"({"id":1,"name":"a"})");
    EXPECT_EQ(image.to_json({"name", "password"}), R"({"name":"a"})");
}

TEST(RowImage, RefusesWhatIsNoObject) {
    for (const char* text : {"", "1", "[]", "[{}]", "null", "{\"a\":1,\"a\":2}",
                             "{\"a\":{\"b\":1,\"b\":2}}", "{\"a\":1", "{} x", "\"x\""}) {
        EXPECT_FALSE(RowImage::parse(text)) << text;
    }
    EXPECT_FALSE(RowImage::parse("{\"a\":" + std::string(10'000, '[')));
}

TEST(RowImage, NumbersThatADoubleHolds) {
    for (const char* safe : {"0", "-1", "123456789012345", "9007199254740992", "1.5e3", "0.1"})
        EXPECT_TRUE(number_is_safe(safe)) << safe;
    for (const char* unsafe : {"9007199254740993", "-9007199254740993", "1234567890123456.5",
                               "99999999999999999999", "1e400"})
        EXPECT_FALSE(number_is_safe(unsafe)) << unsafe;
}

struct FilterCase {
    const char* filter;
    bool matches;
};

class Filters : public testing::TestWithParam<FilterCase> {};

TEST_P(Filters, MatchOrNot) {
    RowImage image = row(
        R"({"id":7,"n":10.50,"name":"Ann","open":true,"gone":null,"big":9007199254740993,"a&b":"x"})");
    auto parsed = RowFilter::parse(GetParam().filter, {});
    ASSERT_TRUE(std::holds_alternative<RowFilter>(parsed)) << GetParam().filter;
    EXPECT_EQ(std::get<RowFilter>(parsed).matches(image), GetParam().matches) << GetParam().filter;
}

INSTANTIATE_TEST_SUITE_P(
    All, Filters,
    testing::Values(
        FilterCase{"", true}, FilterCase{"id=eq.7", true}, FilterCase{"id=eq.7.0", true},
        FilterCase{"id=eq.07", true}, FilterCase{"id=eq.8", false}, FilterCase{"id=neq.8", true},
        FilterCase{"n=eq.10.5", true}, FilterCase{"n=gt.9", true}, FilterCase{"n=lt.9", false},
        FilterCase{"n=gte.10.50", true}, FilterCase{"n=lte.1e1", false},
        FilterCase{"id=gt.-8", true}, FilterCase{"big=eq.9007199254740993", true},
        FilterCase{"big=eq.9007199254740992", false}, FilterCase{"name=eq.Ann", true},
        FilterCase{"name=eq.ann", false}, FilterCase{"name=like.A%", true},
        FilterCase{"name=like.a%", false}, FilterCase{"name=ilike.*NN", true},
        FilterCase{"name=like.A_n", true}, FilterCase{"name=like.A\\_n", false},
        FilterCase{"name=in.(Bob,Ann)", true}, FilterCase{"name=in.(\"Bob,Ann\")", false},
        FilterCase{"name=not.in.(Bob)", true}, FilterCase{"open=is.true", true},
        FilterCase{"open=eq.t", true}, FilterCase{"gone=is.null", true},
        FilterCase{"gone=not.is.null", false}, FilterCase{"gone=eq.x", false},
        FilterCase{"gone=neq.x", false}, FilterCase{"gone=not.eq.x", false},
        FilterCase{"gone=isdistinct.x", true}, FilterCase{"name=isdistinct.Ann", false},
        FilterCase{"id=eq.7,name=eq.Ann", true}, FilterCase{"id=eq.7&name=eq.Bob", false},
        FilterCase{"id=eq.7&name=eq.Ann", true}, FilterCase{"id=eq.x", false},
        FilterCase{"absent=eq.1", false}, FilterCase{"name=eq.A&b", false}));

struct BadFilter {
    const char* filter;
    const char* code;
};

class BadFilters : public testing::TestWithParam<BadFilter> {};

TEST_P(BadFilters, AreRefused) {
    auto parsed = RowFilter::parse(GetParam().filter, {.conditions = 2, .values = 2});
    ASSERT_TRUE(std::holds_alternative<FilterFault>(parsed)) << GetParam().filter;
    EXPECT_EQ(std::get<FilterFault>(parsed).code, GetParam().code) << GetParam().filter;
}

INSTANTIATE_TEST_SUITE_P(
    All, BadFilters,
    testing::Values(BadFilter{"id", "BAD_FILTER"}, BadFilter{"=eq.1", "BAD_FILTER"},
                    BadFilter{"id=7", "BAD_FILTER"}, BadFilter{"id=like", "BAD_FILTER"},
                    BadFilter{"id=in.1,2", "BAD_FILTER"}, BadFilter{"id=is.maybe", "BAD_FILTER"},
                    BadFilter{"id=eq.1,", "BAD_FILTER"},
                    BadFilter{"id=match.x", "UNSUPPORTED_FILTER_TYPE"},
                    BadFilter{"id=in.(1,2,3)", "LIMIT"},
                    BadFilter{"a=eq.1,b=eq.2,c=eq.3", "LIMIT"}));

TEST(Filters, LikeOfManyStarsIsNotExponential) {
    RowImage image = row("{\"a\":\"" + std::string(2'000, 'a') + "\"}");
    std::string pattern;
    for (int i = 0; i < 500; ++i) pattern += "%a";
    auto parsed = RowFilter::parse("a=like." + pattern + "b", {});
    EXPECT_FALSE(std::get<RowFilter>(parsed).matches(image));
}

}  // namespace
}  // namespace pgsidecar::realtime
