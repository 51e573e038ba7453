#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "db/migration_problem.hpp"

namespace pgsidecar::db {

/// A file `NNN_name.sql`, checked as far as that goes without the others and the database.
struct MigrationFile {
    int version = 0;       ///< 3
    std::string digits;    ///< "003", as in the file's name
    std::string name;      ///< "name"
    std::string path;      ///< for messages
    std::string text;      ///< UTF-8 without byte order mark, lines end in \n
    std::string checksum;  ///< migration_checksum(text): the same with CRLF as with LF
    std::size_t statements = 0;
    bool in_transaction = true;  ///< false: begins with `-- pgsidecar: no-transaction`

    std::string file_name() const { return digits + "_" + name + ".sql"; }
};

/// Largest version: nine digits, so that it fits any integer column.
inline constexpr int kMaxMigrationVersion = 999'999'999;

/// True when the text is nothing but digits that make a version; writes it.
bool parse_migration_version(std::string_view digits, int& version);

/// Makes a file of its name and bytes. path: how messages call it.
std::variant<MigrationFile, MigrationProblem> parse_migration(std::string_view file_name,
                                                              std::string path,
                                                              std::string_view bytes);

/// Files in the order of their versions, and what is wrong with the rest and with the whole:
/// duplicates and gaps.
struct MigrationSet {
    std::string origin;  ///< folder, or "built in"
    std::vector<MigrationFile> files;
    std::vector<MigrationProblem> problems;

    const MigrationFile* find(int version) const;
};

/// Sorts set.files and adds what is wrong with them together. One call, after all are there.
void complete(MigrationSet& set);

}  // namespace pgsidecar::db
