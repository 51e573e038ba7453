#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "realtime/row_image.hpp"

namespace pgsidecar::realtime {

/// Why a filter was refused; code is BAD_FILTER, UNSUPPORTED_FILTER_TYPE or LIMIT.
struct FilterFault {
    std::string code;
    std::string message;
};

/// `column=[not.]op.value`, several joined by `,` or `&` as AND (R135, R136, K11).
///
/// Null compares as in SQL: only `is` and `isdistinct` match it. Numbers compare as numbers, texts
/// byte by byte, whatever the database's collation.
class RowFilter {
public:
    struct Limits {
        std::size_t conditions = 10;
        std::size_t values = 100;  ///< of one `in`
    };

    static std::variant<RowFilter, FilterFault> parse(std::string_view text, Limits limits);

    bool empty() const { return conditions_.empty(); }
    bool matches(const RowImage& row) const;
    std::vector<std::string> columns() const;

private:
    enum class Op : std::uint8_t { Eq, Neq, Lt, Lte, Gt, Gte, Like, Ilike, In, Is, IsDistinct };
    struct Condition {
        std::string column;
        Op op = Op::Eq;
        bool negated = false;
        std::vector<std::string> values;
    };
    static bool holds(const Condition& condition, const RowField& field);
    static std::variant<Condition, FilterFault> parse_condition(std::string_view text,
                                                                Limits limits);

    std::vector<Condition> conditions_;
};

}  // namespace pgsidecar::realtime
