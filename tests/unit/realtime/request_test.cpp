#include "realtime/request.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgsidecar::realtime {
namespace {

using Kind = RequestFault::Kind;
using testing::ElementsAre;

Request good(std::string_view text) {
    auto parsed = parse_request(text);
    EXPECT_TRUE(std::holds_alternative<Request>(parsed)) << text;
    return std::holds_alternative<Request>(parsed) ? std::get<Request>(parsed) : Request{};
}

RequestFault bad(std::string_view text) {
    auto parsed = parse_request(text);
    EXPECT_TRUE(std::holds_alternative<RequestFault>(parsed)) << text;
    return std::holds_alternative<RequestFault>(parsed)
               ? std::get<RequestFault>(parsed)
               : RequestFault{Kind::Malformed, "it was accepted", {}};
}

std::string nested(int depth) {
    // The message object itself is the first level.
    return R"({"type":"x","payload":)" + std::string(static_cast<std::size_t>(depth - 1), '[') +
           std::string(static_cast<std::size_t>(depth - 1), ']') + "}";
}

TEST(Request, SeedsRequestsNeedNothingButAType) {
    EXPECT_EQ(good(R"({"type":"database:health:request"})").type, "database:health:request");
    EXPECT_EQ(good(R"({"type":"database:reconnect"})").id, "");
}

TEST(Request, UnknownMembersAndTypesAreNoFault) {
    Request request = good(R"({"type":"tea:make","id":"7","payload":42,"milk":true})");
    EXPECT_EQ(request.type, "tea:make");
    EXPECT_EQ(request.id, "7");
}

TEST(Request, SubscribeTakesOneChannelOrAList) {
    EXPECT_THAT(good(R"({"type":"subscribe","id":"1","channel":"database"})").channels,
                ElementsAre("database"));
    Request list = good(R"({"type":"subscribe","id":"1","payload":{"channels":["a","b"]}})");
    EXPECT_THAT(list.channels, ElementsAre("a", "b"));
    EXPECT_TRUE(list.channel_list);
}

TEST(Request, PingKeepsTheNumberAsItWas) {
    EXPECT_EQ(good(R"({"type":"ping","payload":{"t":1763632800000.5}})").t_json, "1763632800000.5");
    EXPECT_EQ(good(R"({"type":"ping","payload":{"t":12}})").t_json, "12");
    EXPECT_EQ(good(R"({"type":"ping"})").t_json, "0");
}

TEST(Request, DepthOf64IsReadAnd65IsNot) {
    EXPECT_EQ(good(nested(64)).type, "x");
    EXPECT_EQ(bad(nested(65)).kind, Kind::TooDeep);
    EXPECT_EQ(bad(nested(10'000)).kind, Kind::TooDeep);
    EXPECT_EQ(bad(std::string(60'000, '[')).kind, Kind::TooDeep);
}

TEST(Request, DuplicateKeysAreRefusedAtAnyLevelAndInAnySpelling) {
    EXPECT_EQ(bad(R"({"type":"ping","type":"auth"})").kind, Kind::Malformed);
    EXPECT_EQ(bad(R"({"type":"ping","payload":{"a":{"b":1,"b":2}}})").kind, Kind::Malformed);
    EXPECT_EQ(bad(R"({"type":"ping","\u0074ype":"auth"})").kind, Kind::Malformed);
    EXPECT_EQ(good(R"({"type":"ping","payload":{"a":{"a":1},"b":{"a":1}}})").type, "ping");
}

class NoMessage : public testing::TestWithParam<const char*> {};

TEST_P(NoMessage, IsMalformed) { EXPECT_EQ(bad(GetParam()).kind, Kind::Malformed); }

INSTANTIATE_TEST_SUITE_P(
    Texts, NoMessage,
    testing::Values("", " ", "{", "null", "[]", "\"ping\"", "{}", "{\"type\":7}", "{\"type\":null}",
                    R"({"type":"ping"} x)", R"({"type":"ping"}{"type":"ping"})", "{'type':'ping'}",
                    R"({"type":"ping","id":7})", R"({"type":"ping","id":""})",
                    "{\"type\":\"\xff\"}", R"({"type":"ping","payload":{"t":1e999}})",
                    R"({"type":"\ud800"})", R"({"type":"ping","payload":{"t":NaN}})"));

TEST(Request, IdOf64BytesIsTheLongest) {
    std::string id(64, 'i');
    EXPECT_EQ(good(R"({"type":"ping","id":")" + id + "\"}").id, id);
    EXPECT_EQ(bad(R"({"type":"ping","id":")" + id + "i\"}").kind, Kind::Malformed);
}

class WrongField : public testing::TestWithParam<const char*> {};

TEST_P(WrongField, IsABadFieldWithItsId) {
    RequestFault fault = bad(GetParam());
    EXPECT_EQ(fault.kind, Kind::BadField);
    EXPECT_EQ(fault.id, "1");
    EXPECT_FALSE(fault.message.empty());
}

INSTANTIATE_TEST_SUITE_P(
    Texts, WrongField,
    testing::Values(R"({"type":"subscribe","id":"1"})",
                    R"({"type":"subscribe","id":"1","channel":5})",
                    R"({"type":"subscribe","id":"1","payload":[]})",
                    R"({"type":"subscribe","id":"1","payload":{"channels":[]}})",
                    R"({"type":"subscribe","id":"1","payload":{"channels":"database"}})",
                    R"({"type":"subscribe","id":"1","payload":{"channels":[1]}})",
                    R"({"type":"unsubscribe","id":"1"})", R"({"type":"ping","id":"1","payload":7})",
                    R"({"type":"ping","id":"1","payload":{"t":"now"}})"));

TEST(Request, SubscribeWithoutAnIdCannotBeAnswered) {
    EXPECT_EQ(bad(R"({"type":"subscribe","channel":"database"})").kind, Kind::BadField);
}

TEST(ChannelName, FollowsTheContract) {
    for (const char* name :
         {"*", "database", "database:operations", "db:public.positions", "room:a/b+c@d-e_f"}) {
        EXPECT_TRUE(valid_channel_name(name)) << name;
    }
    for (const char* name : {"", "**", "a b", "a\n", "caf\xc3\xa9", "a*"})
        EXPECT_FALSE(valid_channel_name(name)) << name;
    EXPECT_TRUE(valid_channel_name(std::string(255, 'a')));
    EXPECT_FALSE(valid_channel_name(std::string(256, 'a')));
}

}  // namespace
}  // namespace pgsidecar::realtime
