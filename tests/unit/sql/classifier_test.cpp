#include "sql/classifier.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>

namespace pgsidecar::sql {
namespace {

using model::StatementKind;
using model::StatementShape;
using testing::ElementsAre;
using testing::IsEmpty;

class ClassifierTest : public testing::Test {
protected:
    const StatementShape& only(std::string_view text) {
        const auto shapes = classifier_.classify(text);
        EXPECT_EQ(shapes.size(), 1U) << text;
        if (shapes.empty()) return none_;
        kept_ = shapes[0];
        return *kept_;
    }
    std::string text_of(std::string_view text) { return only(text).text; }
    std::uint64_t print_of(std::string_view text) { return only(text).fingerprint; }

    Classifier classifier_{{}};
    model::StatementShapePtr kept_;
    StatementShape none_;
};

TEST_F(ClassifierTest, MasksLiteralsAndNothingElse) {
    EXPECT_EQ(text_of("SELECT abalance  FROM pgbench_accounts\nWHERE aid = 12345;"),
              "select abalance from pgbench_accounts where aid = ?");
    EXPECT_EQ(text_of("UPDATE t SET a = a + -5, \"B\" = E'x\\'y' WHERE c=$1"),
              "update t set a = a + ?, \"B\" = ? where c = $1");
    EXPECT_EQ(
        text_of(
            "select $$a$$, $x$b$x$, b'01', x'ff', n'q', U&'d\\0061' uescape '!', 1.5e3, .5, 0x1F"),
        "select ?, ?, ?, ?, ?, ?, ?, ?, ?");
    EXPECT_EQ(text_of("ALTER ROLE x PASSWORD 'y'"), "alter role x password ?");
    EXPECT_EQ(text_of("select count( * ), a.b, c [ 1 ], d::numeric(10,2)"),
              "select count(*), a.b, c[?], d::numeric(?, ?)");
}

TEST_F(ClassifierTest, SharesAFingerprintBetweenTextsThatDifferInLiteralsOnly) {
    EXPECT_EQ(print_of("select 1"), print_of("SELECT  /* c */ 'a' -- d"));
    EXPECT_EQ(print_of("update t set a = a + 5"), print_of("update t set a = a + -5"));
    EXPECT_EQ(print_of("select a from t where b in (1)"),
              print_of("select a from t where b in ('x', -2, $3, null)"));
    EXPECT_EQ(print_of("select * from t where a = any(array[1])"),
              print_of("select * from t where a = any(ARRAY[1,2,3])"));
    EXPECT_EQ(print_of("insert into t values (1,'a')"),
              print_of("insert into t values (1,'a'), (2, default)"));
    EXPECT_EQ(print_of("insert into t values (1,now()) returning id"),
              print_of("insert into t values (1,now()), (2, now()) , (3,now()) returning id"));
    EXPECT_EQ(print_of("select 1 from t where (a,b) in ((1,2))"),
              print_of("select 1 from t where (a,b) in ((1,2),(3,4))"));
    EXPECT_EQ(print_of("select a from t where b in ($1::int)"),
              print_of("select a from t where b in ($1::\"s\".\"T\",$2::int[])"));
}

TEST_F(ClassifierTest, KeepsDifferentStatementsApart) {
    EXPECT_NE(print_of("select a"), print_of("select b"));
    EXPECT_NE(print_of("select \"A\""), print_of("select a"));
    EXPECT_NE(print_of("select $1"), print_of("select $2"));
    EXPECT_NE(print_of("select a b"), print_of("select ab"));
    EXPECT_NE(print_of("select aaaaaaaaxxxxxxxi"), print_of("select aaaaaaay xxxxxxxa"));
    EXPECT_NE(print_of("select f(1)"), print_of("select f(1, 2)"));
    EXPECT_NE(print_of("select a from t where b in (1)"),
              print_of("select a from t where b in (c)"));
    EXPECT_NE(print_of("insert into t values (1, now())"),
              print_of("insert into t values (1, now()), (2, f())"));
    EXPECT_NE(print_of("insert into a values (1"), print_of("insert into b values (1"));
    EXPECT_NE(print_of("select a - 1"), print_of("select a + 1"));
    EXPECT_NE(print_of("select a from t where b in (1, 2)"),
              print_of("select a from t where b in (1, (select 2))"));
}

TEST_F(ClassifierTest, FingerprintsAreTheSameInEveryRun) {
    // A change of these is a break for whoever stored fingerprints.
    EXPECT_EQ(print_of("SELECT abalance FROM pgbench_accounts WHERE aid = 1"), 0x972b865e46c2f852U);
    EXPECT_EQ(print_of("insert into s.\"T\" values (1,'a'),(2,'b')"), 0x06e276cd4eb8b9daU);
}

TEST_F(ClassifierTest, CollapsesOnlyConstants) {
    EXPECT_EQ(text_of("select a from t where b in (1, c)"), "select a from t where b in (?, c)");
    EXPECT_EQ(text_of("select a from t where b in (1,2) and d in (select 1)"),
              "select a from t where b in (...) and d in (select ?)");
    EXPECT_EQ(text_of("insert into t values (1,2),(3,f(4)),(5,f(6)),(7,8)"),
              "insert into t values (...), (?, f(?)), (...)");
    EXPECT_EQ(text_of("select a in ()"), "select a in ()");
    EXPECT_EQ(text_of("select a in (1,)"), "select a in (?,)");
    EXPECT_EQ(text_of("select * from (values (1), (2)) v, (values (3)) w"),
              "select * from (values (...)) v, (values (...)) w");
}

TEST_F(ClassifierTest, SplitsAtTopLevelSemicolons) {
    const auto shapes = classifier_.classify(
        "begin; select ';' ;; create function f() returns int begin atomic "
        "select case when true then 1 end; select 2; end; "
        "create rule r as on insert to t do (select 1; select 2); commit;");
    ASSERT_EQ(shapes.size(), 5U);
    EXPECT_EQ(shapes[0]->text, "begin");
    EXPECT_EQ(shapes[1]->text, "select ?");
    EXPECT_EQ(shapes[2]->text,
              "create function f() returns int begin atomic select case when true then ? end; "
              "select ?; end");
    EXPECT_EQ(shapes[3]->text, "create rule r as on insert to t do(select ?; select ?)");
    EXPECT_EQ(shapes[4]->text, "commit");
}

TEST_F(ClassifierTest, GivesNothingForAnEmptyQuery) {
    for (std::string_view text : {"", " ", ";", " ; ;", "-- x", "/* x */ ;", "/* never closed"}) {
        EXPECT_THAT(classifier_.classify(text), IsEmpty()) << text;
    }
    EXPECT_THAT(classifier_.classify({}), IsEmpty());
}

TEST_F(ClassifierTest, ManyStatementsKeepTheirShapesThoughTheCacheIsSmall) {
    Classifier small({.cache_entries = 8});
    std::string text;
    for (int i = 0; i < 2'000; ++i) text += "select c" + std::to_string(i) + ";";
    const auto shapes = small.classify(text);
    ASSERT_EQ(shapes.size(), 2'000U);
    for (std::size_t i = 0; i < shapes.size(); ++i)
        EXPECT_EQ(shapes[i]->text, "select c" + std::to_string(i));
    EXPECT_LE(small.cached_entries(), 8U);
}

TEST_F(ClassifierTest, BoundsTheCacheInEntriesAndBytes) {
    Classifier small({.cache_entries = 100, .cache_bytes = 20'000});
    for (int i = 0; i < 10'000; ++i) {
        small.classify("select " + std::string(500, 'x') + std::to_string(i));
        ASSERT_LE(small.cached_entries(), 100U);
        ASSERT_LE(small.cached_bytes(), 20'000U);
    }
    EXPECT_GT(small.cached_entries(), 5U);
    EXPECT_EQ(small.stats().misses, 10'000U);
}

TEST_F(ClassifierTest, AFrequentStatementStaysInTheCache) {
    Classifier small({.cache_entries = 8});
    for (int i = 0; i < 100; ++i) {
        small.classify("select hot from t where a = " + std::to_string(i));
        small.classify("select cold" + std::to_string(i));
    }
    EXPECT_EQ(small.stats().misses, 101U);
}

TEST_F(ClassifierTest, CountsHitsAndMisses) {
    for (int i = 0; i < 5; ++i) classifier_.classify("select a from t where b = 1");
    classifier_.classify("select a from t where b = 2; select a from t where b = 3");
    EXPECT_EQ(classifier_.stats().misses, 1U);
    EXPECT_EQ(classifier_.stats().hits, 6U);
    EXPECT_EQ(classifier_.stats().parse_failures, 0U);
}

TEST_F(ClassifierTest, ATextThatCameTwiceGivesTheSameShapeAsBefore) {
    const auto first = classifier_.classify("BEGIN")[0];
    for (int i = 0; i < 3; ++i) EXPECT_EQ(classifier_.classify("BEGIN")[0].get(), first.get());
    EXPECT_NE(classifier_.classify("BEGIm")[0].get(), first.get());
    EXPECT_EQ(classifier_.classify("BEGIN ")[0].get(), first.get());
}

TEST_F(ClassifierTest, CutsTheTextBetweenCharacters) {
    for (std::size_t limit = 1; limit < 40; ++limit) {
        Classifier cutting({.text_bytes = limit});
        const std::string text =
            cutting.classify("select \"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xc3\xa9\"")[0]->text;
        EXPECT_LE(text.size(), limit);
        EXPECT_EQ(text.find('?'), std::string::npos) << limit;
        const std::string whole = "select \"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xc3\xa9\"";
        EXPECT_EQ(text, whole.substr(0, text.size()));
        EXPECT_GE(text.size() + 3, std::min(limit, whole.size()));
    }
}

TEST_F(ClassifierTest, MakesInvalidUtf8Valid) {
    EXPECT_EQ(text_of("select \"a\xff\" , b\x80 from \xed\xa0\x80"), "select \"a?\", b? from ???");
    EXPECT_EQ(text_of(std::string_view("select a\0b", 10)), "select a ? b");
}

TEST_F(ClassifierTest, ShapesOutliveTheClassifier) {
    model::StatementShapePtr kept;
    {
        Classifier temporary({});
        kept = temporary.classify("select a from t")[0];
    }
    EXPECT_EQ(kept->text, "select a from t");
}

TEST_F(ClassifierTest, WorksOnManyThreadsThatEnd) {
    std::atomic<int> right{0};
    for (int round = 0; round < 16; ++round) {
        std::vector<std::thread> threads;
        for (int i = 0; i < 4; ++i) {
            threads.emplace_back([&] {
                Classifier own({});
                if (own.classify("select a from s.t where b = 1")[0]->table == "s.t") ++right;
            });
        }
        for (auto& thread : threads) thread.join();
    }
    EXPECT_EQ(right, 64);
}

}  // namespace
}  // namespace pgsidecar::sql
