#include "proxy/core/inspection.hpp"

#include <gmock/gmock.h>

#include "base/bytes.hpp"

namespace pgsidecar::proxy {
namespace {

namespace effect = model::session_effect;
using testing::HasSubstr;
using testing::Not;

std::string row(std::initializer_list<std::string_view> values) {
    std::string out;
    auto number = [&out](std::uint32_t value, int bytes) {
        for (int i = bytes - 1; i >= 0; --i) out.push_back(static_cast<char>(value >> (8 * i)));
    };
    number(static_cast<std::uint32_t>(values.size()), 2);
    for (auto value : values) {
        number(static_cast<std::uint32_t>(value.size()), 4);
        out += value;
    }
    return out;
}

TEST(Inspection, AsksForWhatMayBeThereAndNoMore) {
    Inspection locks(effect::kAdvisoryLock);
    EXPECT_THAT(locks.sql(), HasSubstr("pg_locks"));
    EXPECT_THAT(locks.sql(), Not(HasSubstr("pg_settings")));
    EXPECT_THAT(locks.sql(), Not(HasSubstr("pg_cursors")));
    EXPECT_EQ(locks.asked(), effect::kAdvisoryLock);
    Inspection anything(effect::kUnknown);
    EXPECT_EQ(anything.asked(), Inspection::kState);
    EXPECT_THAT(anything.sql(), HasSubstr("pg_settings"));
}

TEST(Inspection, FindsWhatIsTrueInTheOrderOfTheQuestions) {
    Inspection inspection(effect::kListens | effect::kHoldCursor);
    auto answer = row({"!", "f", "t"});
    inspection.on_row(base::as_bytes(answer));
    EXPECT_EQ(inspection.found(), effect::kHoldCursor);
}

TEST(Inspection, WithoutAWholeAnswerEverythingMayBeThere) {
    Inspection inspection(effect::kListens | effect::kTempTable);
    auto answer = row({"!", "f", "f"});
    for (std::size_t cut = 0; cut < answer.size(); ++cut)
        inspection.on_row(base::as_bytes(std::string_view(answer).substr(0, cut)));
    EXPECT_EQ(inspection.found(), effect::kListens | effect::kTempTable);
    inspection.on_row(base::as_bytes(answer));
    EXPECT_EQ(inspection.found(), 0);
}

TEST(Inspection, TellsTheSettingsOnlyWhenAsked) {
    Inspection inspection(effect::kUnknownSetting);
    EXPECT_EQ(inspection.settings(), nullptr);
    for (const auto& answer :
         {row({"!"}), row({"=", "work_mem", "4096"}), row({"=", "role", "none"})})
        inspection.on_row(base::as_bytes(answer));
    ASSERT_NE(inspection.settings(), nullptr);
    EXPECT_THAT(*inspection.settings(), testing::ElementsAre(testing::Pair("work_mem", "4096"),
                                                             testing::Pair("role", "none")));
    Inspection other(effect::kListens);
    auto answer = row({"!", "t"});
    other.on_row(base::as_bytes(answer));
    EXPECT_EQ(other.settings(), nullptr);
}

}  // namespace
}  // namespace pgsidecar::proxy
