#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "config/loader.hpp"
#include "config/settings_table.hpp"

namespace pgsidecar::config {

/// One value that one layer gives to one setting; not yet checked.
struct GivenValue {
    const Setting* setting = nullptr;
    std::string text;
    std::string source;
    int line = 0;  ///< in the file; 0: not from a file
};

/// What one layer says.
struct Layer {
    std::vector<GivenValue> values;
    std::vector<Mistake> mistakes;
    std::vector<Mistake> warnings;
};

/// The command line, and the file that it names.
struct FlagLayer : Layer {
    std::optional<std::string> config_path;
};

FlagLayer read_flags(const std::vector<std::string>& args);
Layer read_environment(const LoadInput& input);
Layer read_toml(const std::string& path, std::string_view text);

/// Checks the settings against each other: R40-R45, K20, addresses, ports, authentication.
/// refused: keys whose value was a mistake already, which needs no second sentence.
void check_rules(LoadResult& result, const std::set<std::string_view>& refused);

/// Completes the database's address from DATABASE_URL's neighbours, libpq's PG* variables and the
/// system's user.
void apply_libpq_environment(const LoadInput& input, LoadResult& result);

/// "Did you mean 'x'?" or, when nothing is near, where to look.
std::string hint(std::string_view nearest_word);

}  // namespace pgsidecar::config
