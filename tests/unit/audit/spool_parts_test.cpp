// The small parts of the spool: checksums, texts, ages, the mark.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "audit/spool_ages.hpp"
#include "audit/spool_checksum.hpp"
#include "audit/spool_counts.hpp"
#include "audit/spool_mark.hpp"
#include "audit/spool_text.hpp"
#include "tests/unit/audit/spool_rig.hpp"

namespace pgsidecar::audit {
namespace {

TEST(SpoolChecksum, IsCrc32c) {
    // RFC 3720, B.4, and the check value of the catalogue of CRCs.
    EXPECT_EQ(crc32c("123456789"), 0xe3069283U);
    EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8a9136aaU);
    EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62a8ab43U);
    EXPECT_EQ(crc32c(""), 0U);
}

TEST(SpoolChecksum, KnowsWhereFieldsEnd) {
    EXPECT_NE(SpoolChecksum().add("ab").add("c").value(),
              SpoolChecksum().add("a").add("bc").value());
    EXPECT_NE(SpoolChecksum().add("").value(), SpoolChecksum().value());
    EXPECT_NE(SpoolChecksum().add(std::uint64_t{1}).value(),
              SpoolChecksum().add(std::uint64_t{256}).value());
}

TEST(SpoolText, LinesComeBack) {
    for (const SpoolLines& lines :
         {SpoolLines{}, SpoolLines{{}}, SpoolLines{{""}}, SpoolLines{{"a", ""}, {}, {"\t\n\\t\\"}},
          SpoolLines{{"search_path", "\"$user\", public"}}})
        EXPECT_EQ(spool_lines_from(to_spool_text(lines)), lines) << to_spool_text(lines);
}

TEST(SpoolText, BrokenLinesAreRefused) {
    for (const char* text : {"a", "a\n", "a\t", "\\x\t\n", "a\\", "a\t\nb"})
        EXPECT_FALSE(spool_lines_from(text)) << text;
}

TEST(SpoolText, TypesComeBack) {
    using Types = std::vector<std::uint32_t>;
    for (const Types& types : {Types{}, Types{0}, Types{25, 4'294'967'295U}})
        EXPECT_EQ(spool_types_from(to_spool_text(types)), types);
    for (const char* text : {",", "1,", ",1", "x", "4294967296", "-1", "1 2"})
        EXPECT_FALSE(spool_types_from(text)) << text;
}

TEST(SpoolText, ClassesComeBack) {
    using model::OutageClass;
    for (const auto c : {OutageClass::Durable, OutageClass::Queue, OutageClass::Buffer})
        EXPECT_EQ(spool_class_from(spool_number(c)), c);
    EXPECT_FALSE(spool_class_from(spool_number(OutageClass::Hold)));
    EXPECT_FALSE(spool_class_from(4));
}

constexpr std::int64_t kSecond = 1'000'000;  // in microseconds
constexpr std::int64_t kHour = 3'600 * kSecond;

base::Now at(std::int64_t mono_us, std::int64_t wall_us) { return {mono_us * 1'000, wall_us}; }

TEST(SpoolAges, BothClocksMustAgree) {
    SpoolAges ages(1, at(0, kHour));
    ages.accepted(1, 0);
    EXPECT_EQ(ages.age_us(1, kHour, at(10 * kSecond, kHour + 10 * kSecond)), 9 * kSecond);
    EXPECT_EQ(ages.age_us(1, kHour, at(10 * kSecond, kHour + kSecond)), kSecond);
}

TEST(SpoolAges, AJumpOfTheWallClockAgesNothing) {
    SpoolAges ages(5, at(0, kHour));
    ages.accepted(5, kSecond * 1'000);
    EXPECT_LE(ages.age_us(5, kHour + kSecond, at(3 * kSecond, 2 * kHour)), 2 * kSecond);
    EXPECT_LE(ages.age_us(5, kHour + kSecond, at(3 * kSecond, 0)), 0);
    // One of an earlier process.
    EXPECT_EQ(ages.age_us(4, kHour - kSecond, at(3 * kSecond, 2 * kHour)), 4 * kSecond);
    EXPECT_EQ(ages.age_us(4, kHour + kSecond, at(3 * kSecond, 2 * kHour)), 3 * kSecond);
}

TEST(SpoolAges, AnEntryIsASecondYoungerThanItsPointAtMost) {
    SpoolAges ages(1, at(0, 0));
    for (std::int64_t second = 0; second < 10; ++second) {
        ages.accepted(static_cast<std::uint64_t>(second * 2 + 1), second * kSecond * 1'000);
        ages.accepted(static_cast<std::uint64_t>(second * 2 + 2), second * kSecond * 1'000 + 500);
    }
    const auto now = at(100 * kSecond, 100 * kSecond);
    EXPECT_EQ(ages.age_us(1, 0, now), 99 * kSecond);
    EXPECT_EQ(ages.age_us(2, 0, now), 99 * kSecond);
    EXPECT_EQ(ages.age_us(3, 0, now), 98 * kSecond);
    ages.forget_below(7);
    EXPECT_EQ(ages.age_us(8, 0, now), 96 * kSecond);
}

TEST(SpoolBuffered, KnowsTheOldestAndTheSum) {
    SpoolBuffered buffered;
    buffered.add({1, 10});
    buffered.add({5, 20});
    buffered.add({9, 30});
    buffered.remove(5);
    buffered.remove(6);
    EXPECT_EQ(buffered.bytes(), 40U);
    buffered.remove(1);
    EXPECT_EQ(buffered.oldest().sequence, 9U);
    buffered.remove(9);
    EXPECT_TRUE(buffered.empty());
}

TEST(SpoolMark, ComesBackAndDoubtsItself) {
    test::Folder folder;
    const std::string path = folder.path() + "/mark";
    EXPECT_FALSE(SpoolMark::read(path));
    const SpoolMarkContent content{std::string(36, 'i'), {1, 2, 3, 4, 5, 6}};
    {
        SpoolMark mark;
        EXPECT_FALSE(mark.write(content));
        ASSERT_TRUE(mark.open(path));
        EXPECT_FALSE(SpoolMark::read(path));
        EXPECT_TRUE(mark.write(content));
    }
    const auto read = SpoolMark::read(path);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->id, content.id);
    EXPECT_EQ(read->state, content.state);
    const std::string whole = test::content_of(path);
    for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
        std::string flipped = whole;
        flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
        test::write_content(path, flipped);
        EXPECT_FALSE(SpoolMark::read(path)) << bit;
    }
    for (std::size_t size = 0; size < whole.size(); ++size) {
        test::write_content(path, whole.substr(0, size));
        EXPECT_FALSE(SpoolMark::read(path)) << size;
    }
}

}  // namespace
}  // namespace pgsidecar::audit
