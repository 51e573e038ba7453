#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "sql/classifier.hpp"

namespace pgsidecar::sql {
namespace {

constexpr std::string_view kSecret = "hunter2";

/// True when the secret, or a part of it long enough to be no accident, is in a shape of this text.
bool leaks(std::string_view text, Backslash backslash = Backslash::Plain) {
    Classifier classifier({});
    for (const auto& shape : classifier.classify(text, backslash)) {
        for (std::string_view part : {kSecret.substr(0, 3), kSecret.substr(4)}) {
            if (shape->text.find(part) != std::string::npos ||
                shape->table.find(part) != std::string::npos)
                return true;
            for (const auto& table : shape->tables) {
                if (table.find(part) != std::string::npos) return true;
            }
        }
    }
    return false;
}

const char* const kPlaces[] = {
    "select 'hunter2'",
    "select 'a''hunter2'",
    "select '\\' , 'hunter2'",
    "select E'\\'hunter2'",
    "select e'\\\\\\'hunter2\\\\'",
    "select E'a'\n'\\'hunter2'",
    "select E'a' -- it's\n'\\'hunter2'",
    "select n'hunter2', b'hunter2', x'hunter2'",
    "select U&'hunter2' uescape 'h'",
    "select $$hunter2$$",
    "select $a$ $$ ' hunter2 $b$ $a$",
    "do $body$ begin perform 'hunter2'; end $body$",
    "select 1 -- hunter2",
    "select 1 /* ' hunter2 */",
    "/* hunter2 /* hunter2 */ hunter2 */ select 1",
    "select 1 /* hunter2",
    "alter role x password 'hunter2'",
    "alter role x with encrypted password E'hunter2'",
    "set app.key = 'hunter2'",
    "create user mapping for x server y options (password 'hunter2')",
    "create subscription s connection 'password=hunter2' publication p",
    "copy t from program 'curl hunter2'",
    "notify c, 'hunter2'",
    "prepare transaction 'hunter2'",
    "comment on table t is 'hunter2'",
    "insert into t values (1, 'hunter2'), (2, 'hunter2')",
    "select * from t where a in ('hunter2', 'hunter2') and b = array['hunter2']",
    "select 'hunter2",
    "select E'hunter2\\'",
    "select $x$ hunter2 $",
    "select \"a 'hunter2'",
    "select U&\"a 'hunter2'",
    "garbage 'hunter2' ) ( ' hunter2",
    "select date'hunter2', interval 'hunter2' day, foo'hunter2'",
    "select '\xff\xfe hunter2', '\xc3', 'hunter2'",
    "select 1;select 'hunter2';'hunter2'",
    "select 'a' 'hunter2'",
    "execute p('hunter2')",
};

TEST(Secrets, NoLiteralSurvives) {
    for (const char* text : kPlaces) EXPECT_FALSE(leaks(text)) << text;
}

TEST(Secrets, NotEvenOfATextThatIsCutAnywhere) {
    for (std::string_view text : kPlaces) {
        for (std::size_t size = 0; size < text.size(); ++size)
            EXPECT_FALSE(leaks(text.substr(0, size))) << text << size;
    }
}

TEST(Secrets, NumbersAreLiteralsToo) {
    Classifier classifier({});
    for (std::string_view text :
         {"select 4711", "select -4711.5", "select 0x4711", "select 4711e4", "select a[4711]",
          "select 4711abc", "select .4711", "limit 4711", "select 1_4711"}) {
        for (const auto& shape : classifier.classify(text)) {
            EXPECT_EQ(shape->text.find("4711"), std::string::npos) << text;
        }
    }
}

TEST(Secrets, BackslashesFollowTheServersSetting) {
    EXPECT_FALSE(leaks("select 'it\\'s hunter2'", Backslash::Escapes));
    EXPECT_FALSE(leaks("select 'a\\\\', 'hunter2'", Backslash::Escapes));
    EXPECT_FALSE(leaks("select n'it\\'s hunter2'", Backslash::Escapes));
}

TEST(Secrets, ParametersAreNoLiterals) {
    Classifier classifier({});
    EXPECT_EQ(classifier.classify("select $1, $23 from t where a = $1")[0]->text,
              "select $1, $23 from t where a = $1");
}

TEST(Secrets, TheTestSeesALeak) { EXPECT_TRUE(leaks("select hunter2")); }

}  // namespace
}  // namespace pgsidecar::sql
