#include "realtime/order_body.hpp"

#include <gtest/gtest.h>

#include <string>

namespace pgsidecar::realtime {
namespace {

TEST(OrderBody, ANumberOrAll) {
    auto read = [](const char* body, bool all) { return read_order(body, "id", all); };
    EXPECT_EQ(std::get<OrderSubject>(read(R"({"id":7})", false)).number, 7U);
    EXPECT_EQ(std::get<OrderSubject>(read(R"({"id":9223372036854775807,"note":1})", true)).number,
              9'223'372'036'854'775'807U);
    EXPECT_EQ(std::get<OrderSubject>(read(R"({"all":true})", true)).number, std::nullopt);
}

TEST(OrderBody, AnythingElseIsRefusedWithWhatItShouldBe) {
    const std::string deep = "{\"id\":" + std::string(5'000, '[');
    for (const std::string& body :
         {std::string(), std::string("7"), std::string("{}"), std::string("[7]"),
          std::string(R"({"id":0})"), std::string(R"({"id":-1})"), std::string(R"({"id":1.5})"),
          std::string(R"({"id":"7"})"), std::string(R"({"id":null})"),
          std::string(R"({"id":9223372036854775808})"), std::string(R"({"id":1e3})"),
          std::string(R"({"id":7,"id":8})"), std::string(R"({"id":7,"all":true})"),
          std::string(R"({"all":false})"), std::string(R"({"all":1})"), std::string("{\"id\":7"),
          deep, std::string("\xff{")}) {
        auto read = read_order(body, "id", true);
        ASSERT_TRUE(std::holds_alternative<RequestError>(read)) << body.substr(0, 40);
        EXPECT_EQ(std::get<RequestError>(read).message,
                  "The body must be {\"id\": a number above 0} or {\"all\": true}.");
    }
    EXPECT_TRUE(std::holds_alternative<RequestError>(read_order(R"({"all":true})", "id", false)));
}

}  // namespace
}  // namespace pgsidecar::realtime
