#include "changes/events_table.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "changes/notification.hpp"

namespace pgsidecar::changes {
namespace {

using testing::HasSubstr;

TEST(EventsTable, NamesAreQuoted) {
    EXPECT_EQ(quoted_table("events"), "\"events\"");
    EXPECT_EQ(quoted_table("pgsidecar.events"), "\"pgsidecar\".\"events\"");
    EXPECT_EQ(quoted_table("a\"b.c; DROP TABLE x"), "\"a\"\"b\".\"c; DROP TABLE x\"");
    for (const char* bad : {"", ".", "a.", ".b", "a.b.c"}) EXPECT_EQ(quoted_table(bad), "") << bad;
}

TEST(EventsTable, SqlForItsOwnerIsSafeAgainstNames) {
    std::string sql = publish_trigger_sql("pgsidecar.events", "public.orders", "it's", "order");
    EXPECT_THAT(sql, HasSubstr("ON \"public\".\"orders\""));
    EXPECT_THAT(sql, HasSubstr("\"pgsidecar\".publish_row('it''s', 'order', 'notify')"));
    EXPECT_EQ(publish_trigger_sql("pgsidecar.events", "a.b.c", "", ""), "");
    EXPECT_EQ(events_table_sql("", "c"), "");
}

TEST(EventsTable, PagesAreInTheOrderOfTheColumnsNotOfTheirTexts) {
    EXPECT_THAT(page_sql("t"), HasSubstr("ORDER BY e.txid, e.id"));
}

TEST(EventsTable, NumbersInOrder) {
    EXPECT_TRUE(number_before("9", "10"));
    EXPECT_TRUE(number_before("18446744073709551614", "18446744073709551615"));
    EXPECT_FALSE(number_before("10", "10"));
    EXPECT_FALSE(number_before("10", "9"));
}

TEST(EventsTable, RowsBecomeEventsAndThePositionMovesOn) {
    db::Rows rows;
    rows.rows = {
        {"700", "1", "1795860000000000", "tasks", "created", R"({"id": "1", "type": "task"})",
         "public", "tasks", R"({"id": 1})", std::nullopt},
        {"700", "2", "1795860000000001", "room:a", "hello", "[1]", std::nullopt, std::nullopt,
         std::nullopt, std::nullopt},
        {"701", "3", std::nullopt}};
    EventPosition position;
    auto events = read_page(rows, position);
    ASSERT_EQ(events.size(), 2u);
    EXPECT_EQ(events[0].verb, "INSERT");
    EXPECT_EQ(events[0].transaction, 700u);
    EXPECT_EQ(events[0].at_us, 1'795'860'000'000'000);
    EXPECT_EQ(events[0].new_row, R"({"id": 1})");
    EXPECT_EQ(events[1].channel, "room:a");
    EXPECT_EQ(events[1].verb, "");
    EXPECT_EQ(position, (EventPosition{"700", "2"}));
}

TEST(Notification, ObjectsAreRead) {
    auto event = read_notification(
        R"({"channel":"tasks","action":"updated","element":{"type":"task","id":"1"},
            "table":"tasks","op":"UPDATE","new":{"id":1},"old":null})",
        42);
    ASSERT_TRUE(event);
    EXPECT_EQ(event->channel, "tasks");
    EXPECT_EQ(event->element, R"({"type":"task","id":"1"})");
    EXPECT_EQ(event->schema, "public");
    EXPECT_EQ(event->verb, "UPDATE");
    EXPECT_EQ(event->old_row, "");
    EXPECT_EQ(event->at_us, 42);
    EXPECT_EQ(event->origin, model::ChangeOrigin::Notify);
}

TEST(Notification, OthersAreNot) {
    for (const char* text : {"", "hello", "[]", "{}", R"({"action":"created"})", "{\"table\":7}",
                             "{\"channel\":\"tasks\"", "{\"channel\":\"\xff\"}"}) {
        EXPECT_FALSE(read_notification(text, 1)) << text;
    }
    EXPECT_FALSE(read_notification(std::string(7'900, '['), 1));
}

}  // namespace
}  // namespace pgsidecar::changes
