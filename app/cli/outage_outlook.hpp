#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/settings.hpp"
#include "model/outage_policy.hpp"
#include "model/statement_shape.hpp"

namespace pgsidecar::app {

/// What the outage contract does to one statement, in words.
struct StatementOutlook {
    model::StatementShapePtr shape;
    std::uint32_t rows = 0;  ///< of its VALUES
    bool control = false;    ///< BEGIN, COMMIT, ROLLBACK: no rule is asked
    model::OutageClass outage_class = model::OutageClass::Hold;
    std::string rule;  ///< as one writes it; empty: none matches
    bool built_in = false;
    bool truthful = false;  ///< its answer can be given before it has run
    std::string why_not;    ///< when not
    bool queued = false;    ///< truthful, and its class, its transaction and the settings let it be

    std::string reachable, at_first, afterwards, back;
};

/// What it does to a text as a whole: one Query is one exchange, queued or held together.
struct TextOutlook {
    std::string service;
    std::int64_t hold_ms = 0;  ///< how long statements wait for the database: the retry budget
    std::vector<StatementOutlook> statements;
    std::string whole;  ///< empty for a single statement
    bool queued = false;
    model::OutageClass outage_class = model::OutageClass::Hold;  ///< of the entry, when queued
};

/// text: as a client would send it in one Query. Needs nothing but the settings.
TextOutlook outage_outlook(const config::Settings& settings, const model::OutagePolicy& policy,
                           std::string_view text, std::string_view service);

}  // namespace pgsidecar::app
