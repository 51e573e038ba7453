#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "sql/classifier.hpp"

namespace pgsidecar::sql {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> pieces(Classifier& classifier, std::string_view text,
                                Backslash backslash = Backslash::Plain) {
    std::vector<std::string> out;
    const std::size_t shapes = classifier.classify(text, backslash).size();
    EXPECT_EQ(shapes, classifier.places().size()) << text;
    for (const auto& place : classifier.places())
        out.emplace_back(text.substr(place.begin, place.end - place.begin));
    return out;
}

class Places : public testing::Test {
protected:
    std::vector<std::string> split(std::string_view text) { return pieces(classifier_, text); }
    Classifier classifier_{{}};
};

TEST_F(Places, AreTheStatementsWithoutSemicolonsAndComments) {
    EXPECT_THAT(split("select 1"), ElementsAre("select 1"));
    EXPECT_THAT(split("  select 1 ; "), ElementsAre("select 1"));
    EXPECT_THAT(split("/* a */ select 1 -- b"), ElementsAre("select 1"));
    EXPECT_THAT(split("begin; insert into t values (';') ;; commit"),
                ElementsAre("begin", "insert into t values (';')", "commit"));
    EXPECT_THAT(split("select /* ; */ 1; select '-- ;'"),
                ElementsAre("select /* ; */ 1", "select '-- ;'"));
    EXPECT_THAT(split("select (1;2); select 3"), ElementsAre("select (1;2)", "select 3"));
}

TEST_F(Places, HoldALiteralWhole) {
    EXPECT_THAT(split("select U&'d!0061' uescape '!'; select 2"),
                ElementsAre("select U&'d!0061' uescape '!'", "select 2"));
    EXPECT_THAT(split("select U&\"d!0061\" /* x */ UESCAPE '!'"),
                ElementsAre("select U&\"d!0061\" /* x */ UESCAPE '!'"));
    EXPECT_THAT(split("select 'a'\n 'b' ;"), ElementsAre("select 'a'\n 'b'"));
    EXPECT_THAT(split("select $x$ ; $x$; select 'never"),
                ElementsAre("select $x$ ; $x$", "select 'never"));
    EXPECT_THAT(pieces(classifier_, "select 'a\\'; select 1'; x", Backslash::Escapes),
                ElementsAre("select 'a\\'; select 1'", "x"));
}

TEST_F(Places, HoldABodyWhole) {
    const std::string function =
        "create function f() returns int begin atomic select 1; select 2; end";
    EXPECT_THAT(split(function + "; select 1"), ElementsAre(function, "select 1"));
}

TEST_F(Places, AreThereForKnownTextsToo) {
    for (int round = 0; round < 4; ++round) {
        EXPECT_THAT(split(" BEGIN ;"), ElementsAre("BEGIN"));
        EXPECT_THAT(split("begin; commit"), ElementsAre("begin", "commit"));
        EXPECT_THAT(split(""), IsEmpty());
        EXPECT_THAT(split(" ; -- x"), IsEmpty());
    }
}

TEST_F(Places, CountRowsOfEachStatement) {
    classifier_.classify(
        "insert into t values (1),(2); select 1; insert into t default values; "
        "values (1),(2),(3); insert into t values (now()),(now())");
    std::vector<std::uint32_t> rows;
    for (const auto& place : classifier_.places()) rows.push_back(place.value_rows);
    EXPECT_THAT(rows, ElementsAre(2U, 0U, 1U, 3U, 2U));
}

TEST_F(Places, AreInOrderInsideOfTheTextHoweverItIsCut) {
    const std::string text =
        "begin;insert into t values (1,'a;b'),(2,$$;$$) on conflict do nothing; /* ; */ "
        "select U&'x' uescape '!' ; set a = b;;";
    for (std::size_t size = 0; size <= text.size(); ++size) {
        // In its own allocation, so that a sanitizer sees a read past its end.
        const std::vector<char> exact(text.begin(),
                                      text.begin() + static_cast<std::ptrdiff_t>(size));
        classifier_.classify({exact.data(), exact.size()});
        std::size_t at = 0;
        for (const auto& place : classifier_.places()) {
            EXPECT_LE(at, place.begin);
            EXPECT_LT(place.begin, place.end);
            at = place.end;
        }
        EXPECT_LE(at, size);
    }
}

TEST_F(Places, OfVeryManyStatementsDoNotHoldTheirMemory) {
    std::string text;
    for (int i = 0; i < 5'000; ++i) text += "select 1;";
    EXPECT_EQ(split(text).size(), 5'000U);
    EXPECT_THAT(split("select 1"), ElementsAre("select 1"));
}

}  // namespace
}  // namespace pgsidecar::sql
