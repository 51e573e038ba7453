#pragma once

#include <cstdint>
#include <string>

#include "audit/spool_view.hpp"

namespace pgsidecar::app {

/// An entry of the spool, for people and programs; a dead letter when `letter` is not null.
struct SpoolItem {
    const audit::StoredEntry* stored = nullptr;
    const audit::DeadLetter* letter = nullptr;
    std::uint64_t bytes = 0;
    bool damaged = false;
    bool salvaged = false;
};

/// One line of JSON. whole: with statements and parameters: text where the client sent text, hex
/// where it sent binary or what is not UTF-8.
std::string spool_json(const SpoolItem& item, bool whole);

std::string spool_list_head();
/// One line of the list.
std::string spool_list_line(const SpoolItem& item);
/// Everything about one entry, several lines.
std::string spool_text(const SpoolItem& item);

std::string spool_health_json(const audit::SpoolView::Health& health);
std::string spool_health_text(const audit::SpoolView::Health& health, const std::string& folder);

}  // namespace pgsidecar::app
