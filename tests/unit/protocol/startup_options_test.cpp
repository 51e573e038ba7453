#include "protocol/startup/startup_options.hpp"

#include <gmock/gmock.h>

#include "protocol/messages/protocol_errc.hpp"
#include "tests/support/exact_buffer.hpp"

namespace pgsidecar::protocol {
namespace {

struct Row {
    const char* options;
    std::vector<StartupOption> expected;
};

// A PostgreSQL 15.18 read the same settings out of these, with a name of its own in place of "a".
const Row kGood[] = {
    {"", {}},
    {"  \t\n ", {}},
    {"-c work_mem=8MB", {{"work_mem", "8MB"}}},
    {"-cwork_mem=8MB", {{"work_mem", "8MB"}}},
    {"--work_mem=8MB", {{"work_mem", "8MB"}}},
    {"--work-mem=8MB", {{"work_mem", "8MB"}}},
    {"-c work-mem=8MB", {{"work_mem", "8MB"}}},
    {" -c  a=1   --b=2 -cc=3 ", {{"a", "1"}, {"b", "2"}, {"c", "3"}}},
    {"-c a=1 -c a=2", {{"a", "1"}, {"a", "2"}}},
    {"-c search_path=a,b", {{"search_path", "a,b"}}},
    {"-c a=x\\ y", {{"a", "x y"}}},
    {"-c a=x\\\\y", {{"a", "x\\y"}}},
    {"-c a=x\\", {{"a", "x"}}},
    {"-c a=-b", {{"a", "-b"}}},
    {"-c a=b=c", {{"a", "b=c"}}},
    {"-c a=", {{"a", ""}}},
    {"-c\\ a=1", {{" a", "1"}}},
    {"-c a=1 --", {{"a", "1"}}},
    {"--", {}},
};

TEST(StartupOptions, ReadsSettings) {
    for (const Row& row : kGood) {
        test::ExactBuffer buffer(row.options);
        auto parsed = parse_startup_options(buffer.text());
        ASSERT_TRUE(parsed.has_value()) << row.options;
        EXPECT_EQ(*parsed, row.expected) << row.options;
    }
}

TEST(StartupOptions, RefusesEverythingElse) {
    for (const char* options : {"-c", "-c a", "-- a", "--a", "--=1", "-c =1", "a=1", "-", "-e",
                                "-S 1", "-c a=1 b", "-c a=1 -c", "\\"}) {
        test::ExactBuffer buffer(options);
        auto parsed = parse_startup_options(buffer.text());
        ASSERT_TRUE(parsed.has_error()) << options;
        EXPECT_EQ(parsed.error(), ProtocolErrc::OptionsSyntax) << options;
    }
}

}  // namespace
}  // namespace pgsidecar::protocol
