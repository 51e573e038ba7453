#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace pgsidecar::db {

/// One statement of a migration's text.
struct MigrationStatement {
    std::string_view text;  ///< from its first word on, without the semicolon; points into the file
    int line = 1;           ///< of its first word in the file
    std::array<std::string, 4> words;  ///< its first words in small letters, outside parentheses

    /// "COMMIT", ...: it begins or ends a transaction. Empty: it does not; savepoints do not.
    std::string_view transaction_control() const;
};

/// A place in a text, both from 1; column counts characters.
struct TextPlace {
    int line = 1;
    int column = 1;
};

struct MigrationScript {
    std::vector<MigrationStatement> statements;
    std::string problem;  ///< not empty: why the text cannot be cut into statements
    int problem_line = 0;
};

/// Cuts a text at the semicolons where psql would: not in quotes, comments, parentheses or a
/// function's BEGIN ATOMIC ... END. Reads as PostgreSQL does with standard_conforming_strings on.
/// The result points into text. Thread: any.
MigrationScript split_statements(std::string_view text);

/// Where the server's error position (characters from 1) is, when the statement itself begins in
/// that line of the file.
TextPlace place_of(const MigrationStatement& statement, int position);

}  // namespace pgsidecar::db
