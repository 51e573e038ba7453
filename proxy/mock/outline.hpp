#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/mock/relations.hpp"
#include "proxy/mock/text.hpp"
#include "sql/backslash.hpp"

namespace pgsidecar::proxy::mock {

/// PostgreSQL's MaxTupleAttributeNumber: more entries in one list are refused.
inline constexpr std::size_t kMaxColumns = 1'664;

/// Cuts a text at its semicolons, one statement at a time, without copying. The text must outlive
/// it.
class StatementSplitter {
public:
    StatementSplitter(std::string_view text, sql::Backslash backslash)
        : rest_(text), backslash_(backslash) {}

    /// The next statement without its semicolon; nothing at the end. Empty ones are left out.
    std::optional<std::string_view> next();

private:
    std::string_view rest_;
    sql::Backslash backslash_;
};

/// What a statement is at its outermost level: one pass of the lexer, views into its text.
struct Outline {
    enum class Verb : std::uint8_t { Other, Select, Values, Table, Insert, Update, Delete, Merge };

    Verb verb = Verb::Other;
    /// The first tokens in lower case, for everything that is not the verbs above.
    std::vector<std::string> head;
    std::string_view items;              ///< SELECT: the list of what is selected
    bool from = false;                   ///< SELECT, or the query of an INSERT: reads a table
    bool grouped = false;                ///< SELECT: GROUP BY
    bool into = false;                   ///< SELECT INTO
    bool no_rows = false;                ///< SELECT: LIMIT 0, WHERE FALSE
    bool from_query = false;             ///< INSERT ... SELECT
    std::string table;                   ///< INSERT: the target's name without its schema
    std::vector<TableReference> tables;  ///< named at the outermost level, the target first
    std::string_view columns;            ///< INSERT: the list of columns, inside its parentheses
    std::string_view rows;      ///< VALUES: from the first row's parenthesis to the last row's end
    std::size_t row_count = 0;  ///< VALUES; 1 for DEFAULT VALUES
    std::string_view returning;
};

Outline outline_of(std::string_view statement, sql::Backslash backslash);

/// The columns that an INSERT fills, in order: those it names, else all of a known table.
std::vector<std::string> target_columns(const Outline& outline, const Relations& relations,
                                        sql::Backslash backslash);

/// Calls f with the inside of each row's parentheses of Outline::rows until it returns false.
template <class F>
void for_each_row(std::string_view rows, sql::Backslash backslash, F f) {
    Tokens tokens(rows, backslash);
    while (tokens.at(sql::TokenKind::Open)) {
        if (!f(tokens.skip_group())) return;
        tokens.skip(sql::TokenKind::Comma);
    }
}

/// Cuts at commas outside of parentheses. Too many: more than kMaxColumns, nothing.
std::optional<std::vector<std::string_view>> split_list(std::string_view list,
                                                        sql::Backslash backslash);

}  // namespace pgsidecar::proxy::mock
