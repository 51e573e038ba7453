#include <gtest/gtest.h>

#include "proxy/mock/executor.hpp"
#include "tests/unit/proxy/mock_talk.hpp"

// What no grammar lets through still reaches the readers when a statement is too long or too deep
// to be parsed: they must take anything.

namespace pgsidecar::test {
namespace {

class Dice {
public:
    explicit Dice(std::uint64_t seed) : entropy_(seed) {}
    std::size_t below(std::size_t limit) {
        std::array<std::byte, 4> bytes{};
        entropy_.fill(bytes);
        return base::load_be32(bytes.data()) % limit;
    }

private:
    base::SeededEntropy entropy_;
};

constexpr const char* kPieces[] = {
    "select",      "insert",  "into",     "update",     "delete",    "merge",     "values",
    "table",       "with",    "from",     "where",      "returning", "as",        "distinct",
    "on",          "(",       ")",        "[",          "]",         ",",         ";",
    ".",           "::",      "*",        "-",          "+",         "||",        "=",
    "1",           "2.5",     "'s'",      "'open",      "$$d$$",     "$1",        "$2",
    "a",           "\"B\"",   "\"",       "t",          "now",       "count",     "cast",
    "case",        "end",     "exists",   "array",      "row",       "interval",  "date",
    "int",         "null",    "true",     "not",        "is",        "limit",     "0",
    "begin",       "commit",  "rollback", "savepoint",  "to",        "set",       "reset",
    "show",        "all",     "session",  "local",      "time",      "zone",      "default",
    "transaction", "prepare", "execute",  "deallocate", "declare",   "cursor",    "for",
    "fetch",       "move",    "close",    "copy",       "stdin",     "stdout",    "create",
    "alter",       "drop",    "add",      "column",     "rename",    "if",        "explain",
    "discard",     "and",     "chain",    "over",       "filter",    "within",    "group",
    "at",          "in",      "between",  "any",        "E'\\",      "U&'x",      "--c\n",
    "/*",          "\x01",    "\xff",     "union",      "coalesce",  "set_config"};

std::string soup(Dice& dice) {
    std::string text;
    for (std::size_t i = dice.below(30); i > 0; --i) {
        text += kPieces[dice.below(std::size(kPieces))];
        if (dice.below(4) != 0) text += ' ';
    }
    return text;
}

TEST(MockNoise, AnyTokensInAnyOrderAreSurvived) {
    Dice dice(11);
    base::SeededEntropy entropy{5};
    proxy::mock::TableBook tables;
    tables.learn("create table t (a int, b text)", sql::Backslash::Plain);
    proxy::mock::Connection connection(entropy, tables);
    const std::vector<proxy::mock::Oid> types = {23, 25};
    const std::vector<proxy::mock::Value> values = {{23, "5", {}}, {25, {}, "\x01\x02"}};
    for (int i = 0; i < 20'000; ++i) {
        std::string text = soup(dice);
        proxy::mock::StatementSplitter splitter(text, connection.backslash());
        while (auto statement = splitter.next()) {
            auto described = describe_statement(connection, *statement, types);
            auto result = run_statement(connection, *statement, types, values);
            for (const auto& row : result.rows)
                ASSERT_EQ(row.size(), result.columns.size()) << *statement;
            if (described.has_rows && !result.error) {
                EXPECT_TRUE(result.has_rows) << *statement;
            }
        }
        if (connection.transaction.failed()) connection.transaction.rollback();
    }
}

TEST(MockNoise, BrokenConversationsAreSurvived) {
    const std::string conversation =
        query("begin; set a.b = 'x'; select 1, 'two'") +
        parse("s", "insert into t (a) values ($1) returning a, now()") +
        typed('B',
              zero_ended("") + zero_ended("s") + be16(0) + be16(1) + be32(2) + "42" + be16(0)) +
        describe('P', "") + execute("") + sync() + query("copy binary t from stdin") +
        typed('d', "PGCOPY") + typed('c') + close_named('S', "s") + sync() + query("fetch all c");
    Dice dice(12);
    for (int i = 0; i < 5'000; ++i) {
        std::string bytes = conversation;
        for (std::size_t n = 1 + dice.below(4); n > 0; --n) {
            std::size_t at = dice.below(bytes.size());
            switch (dice.below(3)) {
                case 0: bytes[at] = static_cast<char>(dice.below(256)); break;
                case 1: bytes.erase(at, 1 + dice.below(5)); break;
                default: bytes.insert(at, 1 + dice.below(5), static_cast<char>(dice.below(256)));
            }
        }
        MockTalk talk;
        std::string out = talk.raw(bytes, 1 + dice.below(200));
        EXPECT_TRUE(MockTalk::lines(out).empty() ||
                    MockTalk::lines(out).back() != "half a message");
    }
}

}  // namespace
}  // namespace pgsidecar::test
