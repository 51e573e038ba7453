#include "sql/lexer.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace pgsidecar::sql {
namespace {

std::vector<std::string> tokens(std::string_view text, Backslash backslash = Backslash::Plain) {
    std::vector<std::string> out;
    Lexer lexer(text, backslash);
    for (Token t = lexer.next(); t.kind != TokenKind::End; t = lexer.next())
        out.emplace_back(t.text());
    return out;
}

std::vector<TokenKind> kinds(std::string_view text, Backslash backslash = Backslash::Plain) {
    std::vector<TokenKind> out;
    Lexer lexer(text, backslash);
    for (Token t = lexer.next(); t.kind != TokenKind::End; t = lexer.next()) out.push_back(t.kind);
    return out;
}

using Texts = std::vector<std::string>;
using Kinds = std::vector<TokenKind>;

TEST(Lexer, CutsWordsNumbersAndOperators) {
    EXPECT_EQ(tokens("a=1"), (Texts{"a", "=", "1"}));
    EXPECT_EQ(tokens("a$b _x \xc3\xa9t\xc3\xa9"), (Texts{"a$b", "_x", "\xc3\xa9t\xc3\xa9"}));
    EXPECT_EQ(kinds("1 1.5 .5 1e10 1E-3 0x1F 1_000 1..2"),
              (Kinds{TokenKind::Integer, TokenKind::Decimal, TokenKind::Decimal, TokenKind::Decimal,
                     TokenKind::Decimal, TokenKind::Integer, TokenKind::Integer, TokenKind::Integer,
                     TokenKind::Dot, TokenKind::Decimal}));
    EXPECT_EQ(tokens("x::int :=  a[1:2]"),
              (Texts{"x", "::", "int", ":=", "a", "[", "1", ":", "2", "]"}));
    EXPECT_EQ(kinds("$1 $12"), (Kinds{TokenKind::Param, TokenKind::Param}));
}

TEST(Lexer, EndsOperatorsWherePostgresDoes) {
    EXPECT_EQ(tokens("1+-2"), (Texts{"1", "+", "-", "2"}));
    EXPECT_EQ(tokens("a @- b"), (Texts{"a", "@-", "b"}));
    EXPECT_EQ(tokens("a*--x\nb"), (Texts{"a", "*", "b"}));
    EXPECT_EQ(tokens("a+/*x*/b"), (Texts{"a", "+", "b"}));
    EXPECT_EQ(tokens("a<=b"), (Texts{"a", "<=", "b"}));
}

TEST(Lexer, DropsCommentsEvenNestedOnes) {
    EXPECT_EQ(tokens("a /* x /* y */ z */ b -- c\n d"), (Texts{"a", "b", "d"}));
    EXPECT_EQ(tokens("a /* never /* closed */"), (Texts{"a"}));
    EXPECT_EQ(tokens("-- only"), Texts{});
    EXPECT_EQ(tokens("a /*"), (Texts{"a"}));
    EXPECT_EQ(tokens("a /*/ b"), (Texts{"a"}));
}

TEST(Lexer, FindsTheEndOfEveryKindOfString) {
    EXPECT_EQ(tokens("'a''b' x"), (Texts{"'a''b'", "x"}));
    EXPECT_EQ(tokens(R"('a\' x)"), (Texts{R"('a\')", "x"}));
    EXPECT_EQ(tokens(R"(E'a\'b' x)"), (Texts{R"(E'a\'b')", "x"}));
    EXPECT_EQ(tokens(R"(e'\\' x)"), (Texts{R"(e'\\')", "x"}));
    EXPECT_EQ(tokens("b'01' X'ff' n'q'"), (Texts{"b'01'", "X'ff'", "n'q'"}));
    EXPECT_EQ(tokens("$$a'b$$ $t$ $$ $t$"), (Texts{"$$a'b$$", "$t$ $$ $t$"}));
    EXPECT_EQ(tokens("$a$ $ab$ $a$"), (Texts{"$a$ $ab$ $a$"}));
    EXPECT_EQ(tokens("U&'x' uescape '!' y"), (Texts{"U&'x'", "y"}));
    EXPECT_EQ(tokens("u&\"d!0061\" UESCAPE '!' y"), (Texts{"u&\"d!0061\"", "y"}));
    EXPECT_EQ(tokens("u&b"), (Texts{"u", "&", "b"}));
}

TEST(Lexer, GoesOnAfterANewlineAsOneString) {
    EXPECT_EQ(tokens("'a'\n 'b' c"), (Texts{"'a'\n 'b'", "c"}));
    EXPECT_EQ(tokens("E'a' -- why\n 'b\\'c' d"), (Texts{"E'a' -- why\n 'b\\'c'", "d"}));
    EXPECT_EQ(tokens("'a' 'b'").size(), 2U);
}

TEST(Lexer, ReadsBackslashesAsTheServerDoes) {
    EXPECT_EQ(tokens(R"('a\' x)", Backslash::Escapes), (Texts{R"('a\' x)"}));
    EXPECT_EQ(tokens(R"('a\'b' x)", Backslash::Escapes), (Texts{R"('a\'b')", "x"}));
}

TEST(Lexer, TakesWhatNeverEndsForAString) {
    for (std::string_view text :
         {"'a b", "E'a\\", "E'a\\'", "$$a b", "$t$ $t", "\"a 'b'", "U&'x", "U&\"x", "b'0"}) {
        const auto found = kinds(text);
        ASSERT_EQ(found.size(), 1U) << text;
        EXPECT_TRUE(found[0] == TokenKind::String || found[0] == TokenKind::UnicodeString ||
                    found[0] == TokenKind::BitString)
            << text;
    }
}

TEST(Lexer, SurvivesEveryPrefixOfEveryTrick) {
    const std::string tricks = R"(a/*b*/--c
'd''e' E'f\'' $g$h$g$ $1 "i" U&"j" uescape '!' U&'k' 1.5e-3 .5 :: := += @- [ ] ( ) ; , . \ { $ 0x1 b'' )";
    for (std::size_t size = 0; size <= tricks.size(); ++size) {
        // In its own allocation, so that a sanitizer sees a read past its end.
        const std::vector<char> exact(tricks.begin(),
                                      tricks.begin() + static_cast<std::ptrdiff_t>(size));
        const char* at = exact.data();
        Lexer lexer({exact.data(), exact.size()});
        for (Token t = lexer.next(); t.kind != TokenKind::End; t = lexer.next()) {
            ASSERT_GE(t.begin, at);
            ASSERT_GT(t.end, t.begin);
            at = t.end;
        }
    }
}

}  // namespace
}  // namespace pgsidecar::sql
