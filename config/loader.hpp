#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/file_reader.hpp"
#include "config/settings.hpp"

namespace pgsidecar::config {

struct LoadInput {
    std::vector<std::string> args;  ///< flags alone: without the program's name and the command
    std::map<std::string, std::string> environment;
    FileReader read = read_file;
    bool is_tty = false;  ///< standard error is a terminal: decides log.format auto
    std::string
        system_user;  ///< the database user when nothing names one, as in libpq; empty: none
};

enum class MistakeKind : std::uint8_t {
    Usage,   ///< the command line itself: unknown flag, missing value (exit code 64)
    Config,  ///< a value, a file, a combination (exit code 78)
};

/// One thing that is wrong, and where: "flag --pool-size", "environment PGSIDECAR_POOL_SIZE",
/// "pgsidecar.toml:3".
struct Mistake {
    std::string source;
    std::string sentence;  ///< never holds a secret
    MistakeKind kind = MistakeKind::Config;
    int line = 0;  ///< in the file; 0: not from a file
};

struct LoadResult {
    Settings settings;                                ///< only to be used when ok()
    std::vector<Mistake> mistakes;                    ///< at most kMaxMistakes
    std::vector<Mistake> warnings;                    ///< to be logged at start
    std::map<std::string_view, std::string> sources;  ///< by key; what is not here is a default

    bool ok() const { return mistakes.empty(); }
    std::string source_of(std::string_view key) const;
};

inline constexpr std::size_t kMaxMistakes = 100;

/// Flags over PGSIDECAR_* environment over the TOML file (--config or PGSIDECAR_CONFIG) over
/// DATABASE_URL and libpq's PG* (for the database's address alone) over defaults. All mistakes are
/// reported together.
///
/// An empty environment variable counts as not set. What the database's URL leaves open is taken
/// from PG*.
LoadResult load(const LoadInput& input);

}  // namespace pgsidecar::config
