#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "proxy/admin/command.hpp"
#include "proxy/core/local_error.hpp"

namespace pgsidecar::proxy::admin {

/// Null, int8 or text.
using Cell = std::variant<std::monostate, std::int64_t, std::string>;
using Row = std::vector<Cell>;

/// What a command came to. Crosses threads by value.
struct Answer {
    std::vector<Row> rows;             ///< each as wide as columns_of() its command
    std::vector<std::string> notices;  ///< sent first
    std::optional<LocalError> error;   ///< then there are no rows

    static Answer refused(std::string_view sqlstate, std::string message, std::string hint = {});
};

/// A command whose answer other threads must give.
struct Request {
    Command command;
    std::int64_t client = 0;  ///< who asks
    std::string user;
};

/// The formats of the columns of a result: by column, 1 binary; one code for all; none: text.
using Formats = std::vector<std::int16_t>;

void append_row_description(std::string& out, std::span<const Column> columns,
                            const Formats& formats);
void append_row(std::string& out, const Row& row, const Formats& formats);

}  // namespace pgsidecar::proxy::admin
