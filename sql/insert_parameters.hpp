#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sql/backslash.hpp"

namespace pgsidecar::sql {

/// Where an INSERT's parameters go, from its text alone. The type that the server would give $n is
/// `type` when that is not 0; otherwise, without `cast`, that of the column, when there is one.
struct InsertParameters {
    static constexpr std::size_t kNoPosition = static_cast<std::size_t>(-1);

    struct Parameter {
        std::string column{};  ///< empty: see position
        /// Without a list of columns: index of the column in the table, from 0.
        std::size_t position = kNoPosition;
        std::uint32_t type = 0;  ///< pg_type.oid of the cast around it; 0: none, or no built-in one
        bool cast = false;       ///< its type is that of a cast, known here or not

        bool has_column() const { return !column.empty() || position != kNoPosition; }
    };

    bool understood = false;  ///< an INSERT of VALUES; otherwise the rest is empty
    std::string schema;       ///< as the server folds it; empty when not written
    std::string table;
    std::vector<Parameter> parameters;  ///< [0] is $1; those that stand nowhere have nothing
};

/// Reads one INSERT ... VALUES (rows of any number) and its ON CONFLICT DO UPDATE SET. A parameter
/// inside an expression has no column; one with several places has what the first of them says, a
/// cast before all. Cost: one lexer pass; some 1 us for an ORM's INSERT. Thread: any.
InsertParameters insert_parameters(std::string_view statement,
                                   Backslash backslash = Backslash::Plain);

}  // namespace pgsidecar::sql
