#include "db/pg_pipeline_parameters.hpp"

#include <gtest/gtest.h>

#include <string>

namespace pgsidecar::db {
namespace {

std::string be(int bytes, std::uint64_t value) {
    std::string out;
    for (int i = bytes - 1; i >= 0; --i) out += static_cast<char>(value >> (8 * i) & 0xff);
    return out;
}

TEST(BindParameters, EmptyMeansNone) {
    BindParameters parameters;
    ASSERT_TRUE(parameters.read(""));
    EXPECT_EQ(parameters.count(), 0);
}

TEST(BindParameters, ReadsWhatBindBodyWrites) {
    BindParameters parameters;
    ASSERT_TRUE(parameters.read(bind_body({"one", std::nullopt, "", "\xc3\xa4"})));
    ASSERT_EQ(parameters.count(), 4);
    EXPECT_STREQ(parameters.values()[0], "one");
    EXPECT_EQ(parameters.values()[1], nullptr);
    EXPECT_STREQ(parameters.values()[2], "");
    EXPECT_STREQ(parameters.values()[3], "\xc3\xa4");
    EXPECT_EQ(parameters.formats()[0], 0);
}

TEST(BindParameters, FormatsMayBeNoneOneOrAll) {
    const std::string two = be(2, 2) + be(4, 2) + std::string("\0\1", 2) + be(4, 1) + "7";
    BindParameters parameters;
    const std::string all = be(2, 2) + be(2, 1) + be(2, 0) + two;
    ASSERT_TRUE(parameters.read(all));
    EXPECT_EQ(parameters.formats()[0], 1);
    EXPECT_EQ(parameters.formats()[1], 0);
    EXPECT_EQ(parameters.lengths()[0], 2);
    EXPECT_EQ(std::string(parameters.values()[0], 2), std::string("\0\1", 2));
    EXPECT_STREQ(parameters.values()[1], "7");
    ASSERT_TRUE(parameters.read(be(2, 1) + be(2, 1) + two));
    EXPECT_EQ(parameters.formats()[1], 1);
    EXPECT_FALSE(parameters.read(be(2, 3) + be(6, 0) + two));
}

TEST(BindParameters, RefusesWhatIsNoBindBody) {
    BindParameters parameters;
    const std::string good =
        be(2, 2) + be(2, 1) + be(2, 0) + be(2, 2) + be(4, 1) + "a" + be(4, 2) + "bc";
    ASSERT_TRUE(parameters.read(good));
    for (std::size_t size = 1; size < good.size(); ++size) {
        EXPECT_FALSE(parameters.read(good.substr(0, size))) << size;
    }
    EXPECT_FALSE(parameters.read(good + "x"));
    EXPECT_FALSE(parameters.read(be(2, 1) + be(2, 2) + be(2, 0)));                 // format 2
    EXPECT_FALSE(parameters.read(be(2, 0) + be(2, 1) + be(4, 0xfffffffe)));        // length -2
    EXPECT_FALSE(parameters.read(be(2, 0) + be(2, 1) + be(4, 0x7fffffff) + "a"));  // beyond the end
}

TEST(BindParameters, RefusesAZeroByteInText) {
    BindParameters parameters;
    EXPECT_FALSE(parameters.read(bind_body({std::string_view("a\0b", 3)})));
}

}  // namespace
}  // namespace pgsidecar::db
