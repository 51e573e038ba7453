#include <gtest/gtest.h>

#include <string>

#include "sql/classifier.hpp"

namespace pgsidecar::sql {
namespace {

using model::Queueable;

struct Case {
    const char* text;
    Queueable queueable;
    std::uint32_t rows;
};

const Case kCases[] = {
    {"insert into t values (1)", Queueable::Yes, 1},
    {"INSERT INTO t VALUES (1), (2), (3);", Queueable::Yes, 3},
    {"insert into t values ($1), ($2)", Queueable::Yes, 2},
    {"insert into t values (1, f(1)), (2, f(3)), (5, g(6)), (7, g(8))", Queueable::Yes, 4},
    {"insert into t values ('a),('), (E'\\'),(')", Queueable::Yes, 2},
    {"insert into s.\"T\" (a, b) values ($1, $2::jsonb)", Queueable::Yes, 1},
    {"insert into t default values", Queueable::Yes, 1},
    {"insert into t (a, b) overriding system value values (1, 2), (3, 4)", Queueable::Yes, 2},
    {"insert into t overriding user value values (1)", Queueable::Yes, 1},
    {"insert into t as x values (default, now(), nextval('s'), gen_random_uuid())", Queueable::Yes,
     1},
    {"insert into t values (my.f(1), array[1, 2], row(1, 2), (1, 2), case when a then 1 end)",
     Queueable::Yes, 1},
    {"insert into t values ((1)), (((2)))", Queueable::Yes, 2},
    {"insert into t values (1 in (1, 2)), (3 in (4))", Queueable::Yes, 2},
    {"insert into t (a) values (1) on conflict (a) do update set a = excluded.a, b = f(t.b)",
     Queueable::Yes, 1},
    {"insert into t values (1), (2) on conflict (a) where b > 0 do update set a = 1",
     Queueable::Yes, 2},
    {"insert into t values (1) on conflict on constraint c do update set (a, b) = (1, 2)",
     Queueable::Yes, 1},
    {"insert into values (values, b) values (1, 2), (3, 4)", Queueable::Yes, 2},
    {"insert into t (values) values (1)", Queueable::Yes, 1},
    {"/* c */ insert into t -- d\n values (1) /* (2) */ , (3)", Queueable::Yes, 2},
    {"insert into t values (1) on conflict do nothing", Queueable::ConflictUnknown, 1},
    {"insert into t values (1) on conflict (a) do nothing", Queueable::ConflictUnknown, 1},
    {"insert into t default values on conflict do nothing", Queueable::ConflictUnknown, 1},
    {"insert into t values (1) on conflict (a) do update set a = 1 where t.b < 5",
     Queueable::ConflictUnknown, 1},
    {"insert into t values (1) on conflict (a) where c do update set a = 1 where t.b < 5",
     Queueable::ConflictUnknown, 1},
    {"insert into t values (1) returning id", Queueable::Returning, 1},
    {"insert into t default values returning *", Queueable::Returning, 1},
    {"insert into t select 1 returning a", Queueable::Returning, 0},
    {"insert into t values (1) on conflict do nothing returning a", Queueable::Returning, 1},
    {"with x as (select 1) insert into t values (1) returning a", Queueable::Returning, 1},
    {"insert into t values ((select 1)) returning a", Queueable::Returning, 1},
    {"insert into t select 1", Queueable::FromQuery, 0},
    {"insert into t select * from (values (1), (2)) v", Queueable::FromQuery, 0},
    {"insert into t table u", Queueable::FromQuery, 0},
    {"insert into t (select 1)", Queueable::FromQuery, 0},
    {"insert into t (values (1), (2))", Queueable::FromQuery, 0},
    {"insert into t (a) (values (1))", Queueable::FromQuery, 0},
    {"insert into t values ((select 1))", Queueable::FromQuery, 1},
    {"insert into t values (1), ((select max(a) from u)), (3)", Queueable::FromQuery, 3},
    {"insert into t values (array(select 1))", Queueable::FromQuery, 1},
    {"insert into t values (exists (select 1))", Queueable::FromQuery, 1},
    {"insert into t values (1 in (select 2))", Queueable::FromQuery, 1},
    {"insert into t values (1 = any (select 2))", Queueable::FromQuery, 1},
    {"insert into t values ((values (1)))", Queueable::FromQuery, 1},
    {"insert into t values (1) order by 1", Queueable::FromQuery, 1},
    {"insert into t values (1), (2) limit 1", Queueable::FromQuery, 2},
    {"insert into t values (1) offset 1", Queueable::FromQuery, 1},
    {"insert into t values (1) fetch first 1 row only", Queueable::FromQuery, 1},
    {"insert into t values (1) union values (2)", Queueable::FromQuery, 1},
    {"insert into t values (1) union all select 2", Queueable::FromQuery, 1},
    {"insert into t values (1) except values (1)", Queueable::FromQuery, 1},
    {"insert into t with x as (select 1) values (1)", Queueable::FromQuery, 1},
    {"insert into t values (1) on conflict (a) do update set a = (select 1)", Queueable::FromQuery,
     1},
    {"insert into t values (1) on conflict (a) do update set (a, b) = (select 1, 2) where c",
     Queueable::FromQuery, 1},
    {"insert into t values ((select 1)) on conflict do nothing", Queueable::FromQuery, 1},
    {"with x as (select 1) insert into t values (1)", Queueable::FromQuery, 1},
    {"with x as (insert into u values (1) returning a) insert into t values (1)",
     Queueable::FromQuery, 1},
    {"with x as (insert into t values (1)) select 1", Queueable::FromQuery, 0},
    {"select 1", Queueable::NotInsert, 0},
    {"values (1), (2)", Queueable::NotInsert, 2},
    {"update t set a = 1", Queueable::NotInsert, 0},
    {"delete from t", Queueable::NotInsert, 0},
    {"merge into t using u on t.a = u.a when not matched then insert values (1)",
     Queueable::NotInsert, 1},
    {"explain insert into t values (1)", Queueable::NotInsert, 1},
    {"prepare p as insert into t values (1)", Queueable::NotInsert, 1},
    {"copy t from stdin", Queueable::NotInsert, 0},
    {"begin", Queueable::NotInsert, 0},
    {"create table t (a int default 1)", Queueable::NotInsert, 0},
    {"create rule r as on insert to t do instead insert into u values (1)", Queueable::NotInsert,
     1},
    {"insert into t values (", Queueable::NotUnderstood, 0},
    {"insert into t values (1) on", Queueable::NotUnderstood, 1},
    {"insert into t (a values (1)", Queueable::NotUnderstood, 0},
    {"insert into t values (1) returning with (old as o) o.a", Queueable::NotUnderstood, 1},
    {"insert", Queueable::NotUnderstood, 0},
    {"'x'", Queueable::NotUnderstood, 0},
};

TEST(Queueable, OnlyGivenRowsWhoseCountIsKnown) {
    Classifier classifier({});
    for (const Case& c : kCases) {
        // The first time it is parsed, then found by its fingerprint, then by its bytes.
        for (int round = 0; round < 4; ++round) {
            const auto shapes = classifier.classify(c.text);
            ASSERT_EQ(shapes.size(), 1U) << c.text;
            ASSERT_EQ(classifier.places().size(), 1U) << c.text;
            EXPECT_EQ(shapes[0]->queueable, c.queueable) << c.text;
            EXPECT_EQ(classifier.places()[0].value_rows, c.rows) << c.text << round;
        }
    }
}

TEST(Queueable, EveryQueueableStatementHasItsRows) {
    Classifier classifier({});
    for (const Case& c : kCases) {
        for (const std::string_view suffix : {"", " ", ", (1)", ", (now())", " )", " values (1)"}) {
            const std::string text = std::string(c.text) + std::string(suffix);
            const auto shapes = classifier.classify(text);
            for (std::size_t i = 0; i < shapes.size(); ++i) {
                EXPECT_TRUE(shapes[i]->queueable != Queueable::Yes ||
                            classifier.places()[i].value_rows > 0)
                    << text;
            }
        }
    }
}

TEST(Queueable, AStatementThatIsBrokenOffIsNeverQueueableWithoutItsRows) {
    Classifier classifier({});
    for (const Case& c : kCases) {
        const std::string_view text = c.text;
        for (std::size_t size = 0; size < text.size(); ++size) {
            const auto shapes = classifier.classify(text.substr(0, size));
            ASSERT_EQ(shapes.size(), classifier.places().size());
            for (std::size_t i = 0; i < shapes.size(); ++i) {
                EXPECT_TRUE(shapes[i]->queueable != Queueable::Yes ||
                            classifier.places()[i].value_rows > 0)
                    << text.substr(0, size);
            }
        }
    }
}

TEST(Queueable, ABulkInsertCountsEveryRowThoughEqualOnesAreFolded) {
    std::string text = "insert into t values (1, now())";
    for (int i = 1; i < 50'000; ++i) text += ", (2, now())";
    Classifier classifier({});
    for (int round = 0; round < 2; ++round) {
        EXPECT_EQ(classifier.classify(text)[0]->queueable, Queueable::Yes);
        EXPECT_EQ(classifier.places()[0].value_rows, 50'000U);
    }
    classifier.classify("insert into t values (1, now())");
    EXPECT_EQ(classifier.places()[0].value_rows, 1U);
    EXPECT_EQ(classifier.stats().misses, 1U);
}

TEST(Queueable, WhatIsTooLongForTheParserIsNotUnderstood) {
    std::string text = "insert into t values (1)";
    for (int i = 0; i < 5'000; ++i) text += ", (f" + std::to_string(i) + "(1))";
    Classifier classifier({});
    const auto shapes = classifier.classify(text);
    ASSERT_EQ(shapes.size(), 1U);
    EXPECT_EQ(shapes[0]->queueable, Queueable::NotUnderstood);
    EXPECT_EQ(shapes[0]->effects, model::session_effect::kUnknown);
    EXPECT_EQ(classifier.stats().too_complex, 1U);
}

}  // namespace
}  // namespace pgsidecar::sql
