#include "sql/insert_parameters.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace pgsidecar::sql {
namespace {

/// "schema.table: a int, #2, ::23, -" for a column by name and by index, a cast, nothing.
std::string shown(const InsertParameters& insert) {
    if (!insert.understood) return "no";
    std::string out = insert.schema.empty() ? "" : insert.schema + ".";
    out += insert.table + ":";
    for (const auto& parameter : insert.parameters) {
        out += " ";
        if (parameter.cast) {
            out += "::" + std::to_string(parameter.type);
        } else if (parameter.position != InsertParameters::kNoPosition) {
            out += "#" + std::to_string(parameter.position);
        } else {
            out += parameter.column.empty() ? "-" : parameter.column;
        }
    }
    return out;
}

struct Case {
    const char* text;
    const char* found;
};

const Case kCases[] = {
    {"insert into t (a, b) values ($1, $2)", "t: a b"},
    {"INSERT INTO \"S\".T (\"A\", B) VALUES ($2, $1);", "S.t: b A"},
    {"insert into db.s.t values ($1)", "s.t: #0"},
    {"insert into t values ($1, 'x', $2), ($3, f(), $4)", "t: #0 #2 #0 #2"},
    {"insert into t as x (a) values ($1)", "t: a"},
    {"insert into t (a) overriding system value values ($1)", "t: a"},
    {"insert into t default values", "t:"},
    {"insert into t values (1)", "t:"},
    {"/* c */ insert into t -- $9\n values ('$8', $1)", "t: #1"},
    {"insert into t (a, b[1], c.d, e) values ($1, $2, $3, $4)", "t: a - - e"},
    {"insert into t (a) values ($1, $2)", "t: a -"},
    {"insert into t (a) values (($1)), ((($2)))", "t: a a"},
    {"insert into t (a) values (lower($1)), ($2 + 1), (-$3), (array[$4]), (row($5))",
     "t: - - - - -"},
    {"insert into t (a, b) values (default, $1)", "t: b"},
    {"insert into t (a, b) values ($2, $2)", "t: - a"},
    {"insert into t (a, b) values (f($1), $1)", "t: b"},
    {"insert into t (a, b) values ($1, $1::int8)", "t: ::20"},
    {"insert into t (a, b) values ($1::int4, $1::int8)", "t: ::23"},
    {"insert into t (a) values ($1 collate \"C\")", "t: -"},
    {"insert into t (a) values (f($1::int4, ($2)::text, cast($3 as date)))", "t: ::23 ::25 ::1082"},
    {"insert into t (a) values ($1::int4::text)", "t: ::23"},
    {"insert into t (a) values (f($1)::text)", "t: -"},
    {"insert into t (a) values (($1 + $2)::text)", "t: - -"},
    {"insert into t (a) values (CAST(($1) AS int4))", "t: ::23"},
    {"insert into t (a) values (cast($1 + 1 as int4))", "t: -"},
    {"insert into t (a) values (((cast($1 as int4))))", "t: ::23"},
    {"insert into t (a) values ($1) on conflict (a) do update set b = $2, \"C\" = $3::int8, d[1] = "
     "$4 where t.e = $5 and t.f = $6::text returning $7",
     "t: a b ::20 - - ::25 -"},
    {"insert into t (a) values ($1) on conflict (a) where b = $2 do update set (c, d) = ($3, $4)",
     "t: a - - -"},
    {"insert into t (a) values ($1) on conflict do nothing", "t: a"},
    {"insert into t (a) values ($1) returning $2::int4", "t: a ::23"},
    {"insert into values (values) values ($1)", "values: values"},
    {"insert into t values ($3)", "t: - - #0"},
    {"insert into t values ($1", "t: #0"},
    {"insert into t values ($0, $65536, $99999999999999999999, $1)", "t: #3"},
    {"insert into t (a) values (case when $1 then $2 else $3::int2 end)", "t: - - ::21"},
    {"insert into t (a) values ($1 is null), ($2 in ($3, $4)), (not $5)", "t: - - - - -"},
    {"select 1", "no"},
    {"update t set a = $1", "no"},
    {"insert into t select $1", "no"},
    {"insert into t (select $1)", "no"},
    {"insert into t (values ($1))", "no"},
    {"insert into t (a) select $1", "no"},
    {"with x as (select 1) insert into t values ($1)", "no"},
    {"insert into U&\"t\" values ($1)", "no"},
    {"insert into a.b.c.d values ($1)", "no"},
    {"insert into", "no"},
    {"insert into t (a", "no"},
    {"insert into t values", "no"},
    {"", "no"},
};

TEST(InsertParameters, SayWhereEachGoes) {
    for (const Case& c : kCases) EXPECT_EQ(shown(insert_parameters(c.text)), c.found) << c.text;
}

struct TypeCase {
    const char* type;
    std::uint32_t oid;
};

const TypeCase kTypes[] = {
    {"int", 23},
    {"integer", 23},
    {"int4", 23},
    {"pg_catalog.int4", 23},
    {"\"int4\"", 23},
    {"INT8", 20},
    {"bigint", 20},
    {"smallint", 21},
    {"real", 700},
    {"float", 701},
    {"float(24)", 700},
    {"float(25)", 701},
    {"double precision", 701},
    {"numeric", 1700},
    {"numeric(10, 2)", 1700},
    {"decimal(5)", 1700},
    {"dec", 1700},
    {"boolean", 16},
    {"bool", 16},
    {"text", 25},
    {"varchar", 1043},
    {"varchar(10)", 1043},
    {"character varying (10)", 1043},
    {"national character varying(3)", 1043},
    {"char", 1042},
    {"char(3)", 1042},
    {"character", 1042},
    {"nchar varying", 1043},
    {"\"char\"", 18},
    {"bpchar", 1042},
    {"name", 19},
    {"bit", 1560},
    {"bit(3)", 1560},
    {"bit varying(3)", 1562},
    {"varbit", 1562},
    {"bytea", 17},
    {"date", 1082},
    {"time", 1083},
    {"time(3) without time zone", 1083},
    {"time with time zone", 1266},
    {"timetz", 1266},
    {"timestamp", 1114},
    {"timestamp without time zone", 1114},
    {"timestamp (3) with time zone", 1184},
    {"TIMESTAMP WITH TIME ZONE", 1184},
    {"timestamptz", 1184},
    {"timestamptz(3)", 1184},
    {"interval", 1186},
    {"interval(3)", 1186},
    {"interval day to second(3)", 1186},
    {"interval year", 1186},
    {"json", 114},
    {"jsonb", 3802},
    {"uuid", 2950},
    {"inet", 869},
    {"xml", 142},
    {"regclass", 2205},
    {"money", 790},
    {"tsvector", 3614},
    {"int4range", 3904},
    {"int[]", 1007},
    {"int4[3][4]", 1007},
    {"integer array", 1007},
    {"integer array[3]", 1007},
    {"text[]", 1009},
    {"varchar(10)[]", 1015},
    {"timestamp with time zone[]", 1185},
    {"jsonb[]", 3807},
    {"uuid[]", 2951},
    {"\"char\"[]", 1002},
    {"mood", 0},
    {"s.mood", 0},
    {"s.int4", 0},
    {"pg_catalog.int", 0},
    {"pg_catalog.timestamp", 1114},
    {"\"int\"", 0},
    {"\"Int4\"", 0},
    {"t.a%type", 0},
    {"mood[]", 0},
    {"numeric(f(1))", 0},
    {"double", 0},
};

TEST(InsertParameters, KnowTheBuiltInTypes) {
    for (const TypeCase& c : kTypes) {
        const std::string type = c.type;
        for (const std::string& text :
             {"insert into t (a, b) values ($1::" + type + ", $2)",
              "insert into t (a, b) values (cast($1 as " + type + "), $2)"}) {
            const auto insert = insert_parameters(text);
            ASSERT_EQ(insert.parameters.size(), 2U) << text;
            EXPECT_EQ(insert.parameters[0].type, c.oid) << text;
            EXPECT_TRUE(insert.parameters[0].cast) << text;
            EXPECT_EQ(insert.parameters[1].column, "b") << text;
        }
    }
}

TEST(InsertParameters, ReadNothingBehindTheText) {
    for (const Case& c : kCases) {
        const std::string text = c.text;
        for (std::size_t size = 0; size <= text.size(); ++size) {
            // In its own allocation, so that a sanitizer sees a read past its end.
            const std::vector<char> exact(text.begin(),
                                          text.begin() + static_cast<std::ptrdiff_t>(size));
            EXPECT_LE(insert_parameters({exact.data(), exact.size()}).parameters.size(), 65'535U);
        }
    }
}

TEST(InsertParameters, TakeALongTextInOnePass) {
    std::string nested = "insert into t values (", wide = "insert into t (a) values ($1)";
    for (int i = 0; i < 50'000; ++i) {
        nested += "($1::numeric(";
        wide += ", ($" + std::to_string(i % 60'000 + 1) + ")";
    }
    EXPECT_TRUE(insert_parameters(nested).understood);
    EXPECT_EQ(insert_parameters(wide).parameters.size(), 50'000U);
}

}  // namespace
}  // namespace pgsidecar::sql
