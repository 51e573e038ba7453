#include "sql/guc_changes.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "sql/classifier.hpp"

namespace pgsidecar::sql {
namespace {

using model::session_effect::kResetsAll;
using model::session_effect::kSetsGuc;

/// "name", "name local", "all"; an unknown name is "?".
std::string shown(const std::vector<GucChange>& changes) {
    std::string out;
    for (const GucChange& change : changes) {
        if (!out.empty()) out += ", ";
        out += change.all ? "all" : change.name.empty() ? "?" : change.name;
        if (change.local) out += " local";
    }
    return out;
}

struct Case {
    const char* text;
    const char* changes;
};

const Case kCases[] = {
    {"set work_mem = '1MB'", "work_mem"},
    {"SET Work_Mem TO 1", "work_mem"},
    {"/* c */ set -- d\n session work_mem to default;", "work_mem"},
    {"set local work_mem = 1", "work_mem local"},
    {"set \"Work_Mem\" = 1", "work_mem"},
    {"set search_path = a, \"B\", c", "search_path"},
    {"set search_path from current", "search_path"},
    {"set app.user_id = '1'", "app.user_id"},
    {"set App . \"User.Id\" = '1'", "app.user.id"},
    {"set local a.b.c to 1", "a.b.c local"},
    {"set sort_mem = 1", "work_mem"},
    {"set vacuum_mem = 1", "maintenance_work_mem"},
    {"set time zone 'UTC'", "timezone"},
    {"set time zone local", "timezone"},
    {"set session time zone interval '1' hour", "timezone"},
    {"set local time zone default", "timezone local"},
    {"set TimeZone = 'UTC'", "timezone"},
    {"set role x", "role"},
    {"set role = 'x'", "role"},
    {"set role to x", "role"},
    {"set session role none", "role"},
    {"set local role x", "role local"},
    {"set role.x = 1", "role.x"},
    {"set session authorization x", "session_authorization"},
    {"set session session authorization default", "session_authorization"},
    {"set local session authorization x", "session_authorization local"},
    {"set session_authorization = 'x'", "session_authorization"},
    {"set names 'UTF8'", "client_encoding"},
    {"set names", "client_encoding"},
    {"set client_encoding to 'UTF8'", "client_encoding"},
    {"set schema 'x'", "search_path"},
    {"set local schema 'x'", "search_path local"},
    {"set schema.x = 1", "schema.x"},
    {"set local.x = 1", "local.x"},
    {"set session.x to 1", "session.x"},
    {"set session session.x to 1", "session.x"},
    {"set transaction = 'a'", "transaction"},
    {"set transaction.x from current", "transaction.x"},
    {"set session characteristics = 5", "characteristics"},
    {"set local constraints = 'a'", "constraints local"},
    {"reset session.x", "session.x"},
    {"reset transaction", "transaction"},
    {"set xml option content", "xmloption"},
    {"set session characteristics as transaction isolation level read committed",
     "default_transaction_isolation"},
    {"set session characteristics as transaction read only, isolation level serializable, not "
     "deferrable",
     "default_transaction_read_only, default_transaction_isolation, "
     "default_transaction_deferrable"},
    {"set transaction isolation level serializable", ""},
    {"set session transaction read only", ""},
    {"set transaction_isolation = 'serializable'", "transaction_isolation local"},
    {"set session transaction_read_only = on", "transaction_read_only local"},
    {"set constraints all deferred", ""},
    {"reset work_mem", "work_mem"},
    {"reset App.\"User\"", "app.user"},
    {"reset all", "all"},
    {"RESET ALL;", "all"},
    {"reset role", "role"},
    {"reset time zone", "timezone"},
    {"reset session authorization", "session_authorization"},
    {"reset transaction isolation level", ""},
    {"discard all", "all, session_authorization, role"},
    {"discard plans", ""},
    {"discard temp", ""},

    {"select set_config('search_path', '', false)", "search_path"},
    {"SELECT pg_catalog.SET_CONFIG('Search_Path', $1, false)", "search_path"},
    {"select \"set_config\"('a.b', 'c', true)", "a.b local"},
    {"select set_config('a.b', 'c', 'on')", "a.b local"},
    {"select set_config('a.b', 'c', 't'::bool)", "a.b local"},
    {"select set_config('a.b', 'c', true::pg_catalog.bool)", "a.b local"},
    {"select set_config('a.b', 'c', $1)", "a.b"},
    {"select set_config('a.b', 'c', not true)", "a.b"},
    {"select set_config('a.b', 'c', true and false)", "a.b"},
    {"select set_config('a.b', 'c', (true))", "a.b"},
    {"select set_config($1, 'c', true)", "? local"},
    {"select set_config('a' || 'b', 'c', false)", "?"},
    {"select set_config(('a.b'), 'c', false)", "?"},
    {"select set_config(lower('A'), 'c', false)", "?"},
    {"select set_config('a.b'::text, f(1, 2), false)", "a.b"},
    {"select set_config(E'a.b', 'c', false)", "a.b"},
    {"select set_config(E'a\\.b', 'c', false)", "?"},
    {"select set_config($$a.b$$, $x$c$x$, false)", "a.b"},
    {"select set_config(U&'a.b', 'c', false)", "?"},
    {"select set_config('it''s', 'c', false)", "it's"},
    {"select set_config('a'\n'b', 'c', false)", "?"},
    {"select set_config(setting_name => 'a', new_value => 'b', is_local => true)", "?"},
    {"select set_config(variadic array['a'])", "?"},
    {"select set_config('sort_mem', '1', false)", "work_mem"},
    {"select set_config('transaction_read_only', 'on', false)", "transaction_read_only local"},
    {"select set_config('a.b', '1', false), set_config('c.d', '2', true)", "a.b, c.d local"},
    {"select set_config('a.b', set_config('c.d', '1', true), false)", "c.d local, a.b"},
    {"select set_config(set_config('c.d', '1', true), 'x', false)", "c.d local, ?"},
    {"select set_config('a.b', (select x[1, 2] from f(3, 4)), false) from t", "a.b"},
    {"with x as (select set_config('a.b', '1', false)) insert into t select * from x", "a.b"},
    {"explain analyze select set_config('a.b', '1', false)", "a.b"},
    {"select U&\"set\\005fconfig\"('a.b', '1', false)", "a.b"},
    {"select db.pg_catalog.set_config('a.b', '1', false)", "a.b"},
    {"select my.set_config('a.b', '1', false)", ""},
    {"select set_config, 'set_config(1)' from set_config", ""},
    {"select set_config(", "?"},
    {"select set_config('a.b', '1'", "a.b"},
    {"select 1", ""},
    {"update t set a = 1", ""},
    {"alter role x set work_mem = 1", ""},
    {"", ""},
    {"set", "?"},
    {"set =", "?"},
    {"set U&\"a\" = 1", "?"},
};

TEST(GucChanges, AreNamedAsTheServerNamesThem) {
    for (const Case& c : kCases) EXPECT_EQ(shown(guc_changes(c.text)), c.changes) << c.text;
}

TEST(GucChanges, AreFoundWhereTheShapeSaysThereAreSome) {
    Classifier classifier({});
    for (const Case& c : kCases) {
        for (const auto& shape : classifier.classify(c.text)) {
            const auto changes = guc_changes(c.text);
            if ((shape->effects & (kSetsGuc | kResetsAll)) != 0) {
                EXPECT_FALSE(changes.empty()) << c.text;
            }
            for (const GucChange& change : changes) {
                const auto expected = change.all ? kResetsAll : kSetsGuc;
                const bool said = (shape->effects & expected) != 0 ||
                                  (shape->effects & kResetsAll) != 0 || change.local ||
                                  (shape->effects & model::session_effect::kUnknown) != 0;
                EXPECT_TRUE(said) << c.text;
            }
        }
    }
}

TEST(GucChanges, LiteralsFollowTheServersSetting) {
    const char* text = "select set_config('a\\', 'b', false)', 'c', true)";
    EXPECT_EQ(shown(guc_changes(text, Backslash::Escapes)), "? local");
    EXPECT_EQ(shown(guc_changes(text, Backslash::Plain)), "a\\");
}

TEST(GucChanges, ALongNameIsCutAsTheServerCutsIt) {
    const std::string sixty_four(64, 'x');
    EXPECT_EQ(guc_changes("set a." + sixty_four + " = 1")[0].name, "a." + sixty_four.substr(1));
}

TEST(GucChanges, ManyCallsInEachOtherTakeOnePass) {
    std::string text = "select ";
    for (int i = 0; i < 20'000; ++i) text += "set_config('a', ";
    EXPECT_EQ(guc_changes(text).size(), 20'000U);
}

TEST(GucChanges, ReadNothingBehindTheText) {
    for (const Case& c : kCases) {
        const std::string text = c.text;
        for (std::size_t size = 0; size <= text.size(); ++size) {
            // In its own allocation, so that a sanitizer sees a read past its end.
            const std::vector<char> exact(text.begin(),
                                          text.begin() + static_cast<std::ptrdiff_t>(size));
            for (const auto& change : guc_changes({exact.data(), exact.size()}))
                EXPECT_LE(change.name.size(), size + sizeof("default_transaction_deferrable"));
        }
    }
}

}  // namespace
}  // namespace pgsidecar::sql
