#include <algorithm>
#include <vector>

#include "sql/analysis.hpp"
#include "sql/lexer.hpp"

namespace pgsidecar::sql {

namespace {

/// Tokens that may nest in each other within one pair of parentheses.
///
/// A comma, AND and OR start a new operand beside the last one, so the operand's count starts
/// again; but not AND after BETWEEN, whose right side may hold anything. Joins, set operations and
/// CASE nest across all three.
struct Level {
    std::size_t operand = 0;
    std::size_t lasting = 0;
    std::size_t betweens = 0;

    std::size_t depth() const { return operand + lasting; }
};

bool same(std::string_view word, std::string_view lower) {
    return word.size() == lower.size() &&
           std::equal(word.begin(), word.end(), lower.begin(),
                      [](char a, char b) { return (a | 0x20) == b; });
}

bool nests_across_operands(std::string_view word) {
    static constexpr std::string_view kWords[] = {"union", "except", "intersect",
                                                  "join",  "case",   "select"};
    return std::any_of(std::begin(kWords), std::end(kWords), [&](auto w) { return same(word, w); });
}

void take_word(Level& level, std::string_view word) {
    ++level.operand;
    if (nests_across_operands(word)) {
        ++level.lasting;
    } else if (same(word, "between")) {
        ++level.betweens;
    } else if (same(word, "and") && level.betweens > 0) {
        --level.betweens;
    } else if (same(word, "and") || same(word, "or")) {
        level.operand = 0;
    }
}

}  // namespace

std::size_t nesting_depth(std::string_view skeleton) {
    std::vector<Level> levels(1);
    std::size_t outer = 0, deepest = 0;  // outer: the depth of all levels but the last
    Lexer lexer(skeleton);
    for (Token token = lexer.next(); token.kind != TokenKind::End; token = lexer.next()) {
        Level& level = levels.back();
        switch (token.kind) {
            case TokenKind::Word: take_word(level, token.text()); break;
            case TokenKind::Comma:
                level.operand = 0;
                level.betweens = 0;
                break;
            case TokenKind::Open:
            case TokenKind::BracketOpen:
                ++level.operand;
                outer += level.depth();
                levels.emplace_back();
                break;
            case TokenKind::Close:
            case TokenKind::BracketClose:
                if (levels.size() > 1) {
                    levels.pop_back();
                    outer -= levels.back().depth();
                }
                break;
            default: ++level.operand; break;
        }
        deepest = std::max(deepest, outer + levels.back().depth());
    }
    return deepest;
}

}  // namespace pgsidecar::sql
