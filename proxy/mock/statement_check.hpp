#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <unordered_set>

#include "proxy/core/local_error.hpp"
#include "sql/classifier.hpp"

namespace pgsidecar::proxy::mock {

/// Says whether PostgreSQL's grammar takes a statement. One for each worker, with a cache.
class StatementCheck {
public:
    StatementCheck();

    /// The error that PostgreSQL would give for one statement without its semicolon; nothing for a
    /// good one, and for one too long or too deep to be given to the parser.
    std::optional<LocalError> refusal(std::string_view statement, sql::Backslash backslash);

private:
    bool refused(std::string_view statement, sql::Backslash backslash);

    std::unique_ptr<sql::Classifier> classifier_;
    std::unordered_set<std::uint64_t> refused_;  ///< fingerprints that the classifier has cached
};

}  // namespace pgsidecar::proxy::mock
