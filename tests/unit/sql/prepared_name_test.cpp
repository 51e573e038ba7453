#include "sql/prepared_name.hpp"

#include <gmock/gmock.h>

namespace pgsidecar::sql {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(PreparedNames, AreThoseOfExecuteAndDeallocate) {
    EXPECT_THAT(prepared_names("EXECUTE Plan (1)"), ElementsAre(PreparedName{"plan", false}));
    EXPECT_THAT(prepared_names("explain analyze execute \"My Plan\""),
                ElementsAre(PreparedName{"My Plan", false}));
    EXPECT_THAT(prepared_names("deallocate prepare a; DEALLOCATE b"),
                ElementsAre(PreparedName{"a", true}, PreparedName{"b", true}));
    EXPECT_THAT(prepared_names("prepare a(int) as select $1"),
                ElementsAre(PreparedName{"a", false}));
    EXPECT_THAT(prepared_names("deallocate prepare"), ElementsAre(PreparedName{"prepare", true}));
}

TEST(PreparedNames, AreNotInLiteralsNorMeantByAll) {
    EXPECT_THAT(prepared_names("select 'execute a', $$deallocate b$$"), IsEmpty());
    EXPECT_THAT(prepared_names("deallocate all"), IsEmpty());
    EXPECT_THAT(prepared_names("execute"), IsEmpty());
    EXPECT_THAT(prepared_names(""), IsEmpty());
}

}  // namespace
}  // namespace pgsidecar::sql
