#include <gtest/gtest.h>

#include <pthread.h>

#include <string>
#include <vector>

#include "sql/analysis.hpp"
#include "sql/classifier.hpp"

namespace pgsidecar::sql {
namespace {

/// A statement that nests n times in one way: prefix, n times opening, middle, n times closing.
struct Shape {
    const char* prefix;
    const char* opening;
    const char* middle;
    const char* closing;

    std::string text(std::size_t n) const {
        std::string out = prefix;
        for (std::size_t i = 0; i < n; ++i) out += opening;
        out += middle;
        for (std::size_t i = 0; i < n; ++i) out += closing;
        return out;
    }
};

constexpr Shape kShapes[] = {
    {"select 1", "+1", "", ""},
    {"select ", "(", "1", ")"},
    {"select ", "not ", "true", ""},
    {"select ", "- ", "x", ""},
    {"select 1", "::int", "", ""},
    {"", "select (", "select 1", ")"},
    {"", "select * from (", "select 1", ") x"},
    {"", "select exists (", "select 1", ")"},
    {"select 1, 2", " union select 1, 2", "", ""},
    {"select * from a", " join b on true and true", "", ""},
    {"select ", "case when a and b then ", "1", " end"},
    {"select ", "case ", "1", " when 1 then 1 end"},
    {"select ", "a between 1 and not ", "b", ""},
    {"select ", "a between case when x and y then 1 end and not ", "b", ""},
    {"select a", " collate x", "", ""},
    {"select a", " at time zone b", "", ""},
    {"select ", "f(1, ", "1", ")"},
    {"select array", "[", "1", "]"},
    {"select a", "[a", "", "]"},
    {"select ", "a in (1, b, ", "1", ")"},
    {"select * from ", "(", "a", " join b on true)"},
    {"", "with x as (", "select 1", ") select 1"},
    {"select a", " || a", "", ""},
    {"select a", " operator(pg_catalog.+) a", "", ""},
    {"select a", ".a", "", ""},
    {"select a", " or a and b", "", ""},
};

/// Runs the classifier in a thread with a stack of this size; an overflow would end the program.
void classify_on_stack(std::size_t stack_bytes, const std::vector<std::string>& texts) {
    pthread_attr_t attributes;
    ASSERT_EQ(pthread_attr_init(&attributes), 0);
    ASSERT_EQ(pthread_attr_setstacksize(&attributes, stack_bytes), 0);
    pthread_t thread{};
    const auto body = [](void* argument) -> void* {
        Classifier classifier({});
        for (const auto& text : *static_cast<const std::vector<std::string>*>(argument))
            classifier.classify(text);
        return nullptr;
    };
    ASSERT_EQ(
        pthread_create(&thread, &attributes, body, const_cast<std::vector<std::string>*>(&texts)),
        0);
    ASSERT_EQ(pthread_join(thread, nullptr), 0);
    pthread_attr_destroy(&attributes);
}

TEST(Depth, NoNestingOverflowsASmallStack) {
    std::vector<std::string> texts;
    for (const Shape& shape : kShapes) {
        for (std::size_t n : {10U, 100U, 160U, 249U, 498U, 700U, 2'000U, 8'000U, 64'000U}) {
            texts.push_back(shape.text(n));
        }
    }
    classify_on_stack(256 * 1024, texts);
}

TEST(Depth, TheTermsNamedInTheDesignGoByTheKeywords) {
    Classifier classifier({});
    const std::string terms = Shape{"select 1", "+1", "", ""}.text(64'000);
    const std::string parentheses = Shape{"select ", "(", "1", ")"}.text(100'000);
    for (const auto& text : {terms, parentheses}) {
        const auto shapes = classifier.classify(text);
        ASSERT_EQ(shapes.size(), 1U);
        EXPECT_EQ(shapes[0]->kind, model::StatementKind::Select);
        EXPECT_LE(shapes[0]->text.size(), 4'096U);
    }
    EXPECT_EQ(classifier.stats().too_complex, 2U);
}

TEST(Depth, AStatementJustBelowTheBoundIsParsed) {
    for (const Shape& shape : kShapes) {
        std::size_t n = 1;
        while (nesting_depth(shape.text(n + 1)) <= kMaxParsedDepth && n < 300) ++n;
        const std::string text = shape.text(n);
        ASSERT_LE(text.size(), kMaxParsedBytes) << shape.opening;
        Analysis analysis;
        EXPECT_TRUE(analyse_tree(text, analysis)) << shape.opening << n;
        EXPECT_EQ(analysis.kind, model::StatementKind::Select) << shape.opening;
    }
}

TEST(Depth, EveryWayOfNestingIsSeen) {
    for (const Shape& shape : kShapes) {
        if (std::string_view(shape.opening) == " or a and b")
            continue;  // flat: AND and OR make lists
        EXPECT_GE(nesting_depth(shape.text(1'000)), 1'000U) << shape.opening;
    }
    EXPECT_LT(nesting_depth(Shape{"select a", " or a and b", "", ""}.text(1'000)), 50U);
}

TEST(Depth, OrdinaryLongStatementsAreNotTakenForDeepOnes) {
    std::string where = "select * from t where (a = 1 and b = 2)", columns = "select a0",
                in = "select 1 from t where a in (f(1)";
    for (int i = 0; i < 1'000; ++i) {
        where += " or (a = 1 and b between 2 and 3)";
        columns += ", x.column" + std::to_string(i) + " as y";
        in += ", f(2)";
    }
    for (const std::string& text : {where, columns, in + ")"}) EXPECT_LT(nesting_depth(text), 50U);
}

}  // namespace
}  // namespace pgsidecar::sql
