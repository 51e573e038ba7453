#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/outage_policy.hpp"

// How lists are kept in the spool's columns: as text, so that people can read them with sqlite3.
namespace pgsidecar::audit {

using SpoolLines = std::vector<std::vector<std::string>>;

/// A list of lists: fields end in a tab, lines in a line feed; both and the backslash are escaped.
std::string to_spool_text(const SpoolLines& lines);
std::optional<SpoolLines> spool_lines_from(std::string_view text);

/// "25,1043"; empty: none.
std::string to_spool_text(const std::vector<std::uint32_t>& types);
std::optional<std::vector<std::uint32_t>> spool_types_from(std::string_view text);

/// The number in the column `class`: 1 durable, 2 queue, 3 buffer; 0: a class that is not spooled.
std::int64_t spool_number(model::OutageClass outage_class);
std::optional<model::OutageClass> spool_class_from(std::int64_t number);

}  // namespace pgsidecar::audit
