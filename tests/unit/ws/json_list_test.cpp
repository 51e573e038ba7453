#include "ws/json_list.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>

namespace pgsidecar::ws {
namespace {

TEST(JsonList, NumbersHaveAtMostThreeDecimalsAndAreAlwaysJson) {
    JsonList list;
    for (double value : {0.0, -0.0, 1.0, 0.5, 0.41234, 1e-9, -1e-9, 1234567.875, 1e14})
        list.number(value);
    EXPECT_EQ(list.finish(), "[0,0,1,0.5,0.412,0,0,1234567.875,100000000000000]");
    JsonList bad;
    bad.number(std::nan("")).number(std::numeric_limits<double>::infinity()).number(1e300);
    EXPECT_EQ(bad.finish(), "[null,null,null]");
}

TEST(JsonList, NothingIsNullAndAnEmptyListIsAList) {
    EXPECT_EQ(JsonList().finish(), "[]");
    JsonList list;
    list.number(std::optional<double>()).number(std::int64_t{-7}).raw("{}");
    EXPECT_EQ(list.finish(), "[null,-7,{}]");
}

}  // namespace
}  // namespace pgsidecar::ws
