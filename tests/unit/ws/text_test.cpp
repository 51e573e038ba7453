#include "ws/text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgsidecar::ws {
namespace {

TEST(Split, LeavesOutBlanksAndEmptyParts) {
    EXPECT_THAT(split(" a, b ,,c\t", ','), testing::ElementsAre("a", "b", "c"));
    EXPECT_THAT(split("", ','), testing::IsEmpty());
    EXPECT_THAT(split(" , ", ','), testing::IsEmpty());
}

TEST(PercentDecode, ValidAndBroken) {
    EXPECT_EQ(percent_decode("a%2Fb+c"), "a/b c");
    EXPECT_EQ(percent_decode("%00"), std::string(1, '\0'));
    for (const char* bad : {"%", "%1", "%zz", "a%4"})
        EXPECT_EQ(percent_decode(bad), std::nullopt) << bad;
}

TEST(Target, PathAndQuery) {
    auto target = parse_target("/api/operations?limit=5&table=public%2Eorders&limit=9&flag");
    ASSERT_TRUE(target);
    EXPECT_EQ(target->path, "/api/operations");
    EXPECT_EQ(target->value("limit"), "5");
    EXPECT_EQ(target->value("table"), "public.orders");
    EXPECT_EQ(target->value("flag"), "");
    EXPECT_EQ(target->value("none"), std::nullopt);
    for (const char* bad : {"", "*", "http://a/", "/x?%", "/x?a=%q1"})
        EXPECT_FALSE(parse_target(bad)) << bad;
}

TEST(Loopback, FourPartAddressesOfNet127) {
    for (const char* good : {"127.0.0.1", "127.255.0.9"})
        EXPECT_TRUE(is_ipv4_loopback(good)) << good;
    for (const char* bad : {"127.0.0", "127.0.0.1.2", "127...1", "128.0.0.1", "127.0.0.a",
                            "127.0.0.", "1270.0.0.1", ""}) {
        EXPECT_FALSE(is_ipv4_loopback(bad)) << bad;
    }
    EXPECT_TRUE(is_loopback_address("::1"));
    EXPECT_TRUE(is_loopback_address("localhost"));
    EXPECT_FALSE(is_loopback_address("0.0.0.0"));
    EXPECT_FALSE(is_loopback_address("::"));
}

}  // namespace
}  // namespace pgsidecar::ws
