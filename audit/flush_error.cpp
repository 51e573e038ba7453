#include "audit/flush_error.hpp"

#include <algorithm>
#include <array>

namespace pgsidecar::audit {
namespace {

using Words = std::string_view;

/// Single codes that differ from their class.
constexpr std::array kOwnCodes = {
    Words("08P01"),  // Bind does not fit the statement
    Words("25001"),  // cannot run in a transaction
    Words("55000"),  // lastval() before nextval(), INSERT into a view
    Words("55006"), Words("55P02"), Words("55P04"),
};
constexpr std::array kOwnClasses = {
    Words("09"), Words("0A"), Words("0B"), Words("0F"), Words("0L"), Words("0P"), Words("0Z"),
    Words("10"), Words("20"), Words("21"), Words("22"), Words("23"), Words("24"), Words("26"),
    Words("27"), Words("2B"), Words("2D"), Words("2F"), Words("34"), Words("38"), Words("39"),
    Words("3B"), Words("3F"), Words("42"), Words("44"), Words("54"), Words("P0"),
};
constexpr std::array kDatabaseClasses = {
    Words("08"), Words("25"), Words("28"), Words("3D"), Words("40"),
    Words("53"), Words("55"), Words("57"), Words("58"), Words("72"),
};

template <class List>
bool has(const List& list, Words word) {
    return std::ranges::find(list, word) != list.end();
}

}  // namespace

FlushFault fault_of(std::string_view sqlstate) {
    if (sqlstate.empty()) return FlushFault::Entry;
    // elog(ERROR) of an extension or trigger: often, but not surely, the same each time.
    if (sqlstate == "XX000") return FlushFault::Unclear;
    if (has(kOwnCodes, sqlstate) || has(kOwnClasses, sqlstate.substr(0, 2))) {
        return FlushFault::Entry;
    }
    if (has(kDatabaseClasses, sqlstate.substr(0, 2))) return FlushFault::Database;
    return FlushFault::Unclear;
}

}  // namespace pgsidecar::audit
