#include "config/text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgsidecar::config {
namespace {

TEST(Nearest, ASlipOfTheFingersIsFound) {
    const std::vector<std::string> known{"pool.size", "pool.mode", "mode", "http.port"};
    EXPECT_EQ(nearest("pool.siez", known), "pool.size");
    EXPECT_EQ(nearest("pool_size", known), "pool.size");
    EXPECT_EQ(nearest("mod", known), "mode");
    EXPECT_EQ(nearest("htp.port", known), "http.port");
}

TEST(Nearest, NothingNearIsEmpty) {
    const std::vector<std::string> known{"pool.size", "mode"};
    EXPECT_EQ(nearest("colour", known), "");
    EXPECT_EQ(nearest("", known), "");
    EXPECT_EQ(nearest(std::string(1'000'000, 'm'), known), "");
    EXPECT_EQ(nearest("mode", {}), "");
}

TEST(InQuotes, LongAndBrokenTextIsMadeSafe) {
    EXPECT_EQ(in_quotes("abc"), "'abc'");
    EXPECT_EQ(in_quotes("a\nb\x1B"), "'a?b?'");
    EXPECT_EQ(in_quotes("\xFF"), "'\xEF\xBF\xBD'");
    EXPECT_EQ(in_quotes(std::string(1'000'000, 'x')), "'" + std::string(40, 'x') + "...'");
}

TEST(Split, EmptyPartsAreKept) {
    EXPECT_THAT(split("a,,b", ','), testing::ElementsAre("a", "", "b"));
    EXPECT_THAT(split("", ','), testing::ElementsAre(""));
}

TEST(JoinedWithOr, ReadsAsASentence) {
    const std::string_view words[] = {"a", "b", "c"};
    EXPECT_EQ(joined_with_or(words), "a, b or c");
    EXPECT_EQ(joined_with_or(std::span(words).first(2)), "a or b");
    EXPECT_EQ(joined_with_or(std::span(words).first(1)), "a");
}

}  // namespace
}  // namespace pgsidecar::config
