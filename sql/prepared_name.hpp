#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sql/backslash.hpp"

namespace pgsidecar::sql {

/// A prepared statement that SQL names: PREPARE name, EXECUTE name, DEALLOCATE [PREPARE] name.
struct PreparedName {
    std::string name{};
    bool deallocates = false;

    bool operator==(const PreparedName&) const = default;
};

/// All of a text, in its order. Words that only look so (GRANT EXECUTE ON) may be among them. For
/// statements whose effects have kSqlPrepare: it reads the text again. Thread: any.
std::vector<PreparedName> prepared_names(std::string_view text,
                                         Backslash backslash = Backslash::Plain);

}  // namespace pgsidecar::sql
