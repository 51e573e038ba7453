#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "base/intrusive_ptr.hpp"
#include "model/statement_shape.hpp"

namespace pgsidecar::model {

/// Who a statement came from; one per client session, shared by all its records. Immutable.
class OperationSource final : public base::RefCounted {
public:
    std::string connection_id;  ///< R62: the database connection's id
    std::string session_id;     ///< our client session
    std::string service;        ///< R75: application_name
    std::string user;
    std::string database;
};

using OperationSourcePtr = base::IntrusivePtr<const OperationSource>;

enum class Outcome : std::uint8_t { Success, Failure, Unknown };

/// One DatabaseOperation as the data plane writes it (R62-R70 and the design's part 5): fixed size,
/// no heap, cheap to move through a ring. No literals, no parameters.
struct OperationRecord {
    base::Uuid id;
    std::uint64_t sequence = 0;  ///< per worker, gap = loss
    OperationSourcePtr source;
    StatementShapePtr shape;       ///< null: the text was not seen (too long, or COPY only)
    std::int64_t start_us = 0;     ///< microseconds since 1970
    std::int64_t duration_ns = 0;  ///< R68: never negative
    std::int64_t pool_wait_ns = 0;
    std::int64_t affected_rows = -1;  ///< -1: the tag has no count
    std::uint64_t rows_returned = 0;
    std::uint64_t bytes_returned = 0;
    Outcome outcome = Outcome::Success;
    std::array<char, 5> sqlstate{'0', '0', '0', '0', '0'};
    std::array<char, 112> error{};  ///< zero-terminated, values removed (K21)
};

/// The same in R62-R70's own terms, for readers outside the data plane.
struct DatabaseOperation {
    std::string id;
    std::string connection_id;
    std::string type;  ///< query | insert | update | delete | transaction
    std::optional<std::string> table;
    std::int64_t start_us = 0;
    std::optional<std::int64_t> end_us;
    bool success = false;
    std::optional<std::string> error;
    std::optional<std::int64_t> affected_rows;
    // Beyond the seeds.
    std::string session_id, service, user, database, statement, kind, fingerprint;
    std::optional<std::string> sqlstate;
    double duration_ms = 0;
    double pool_wait_ms = 0;
    std::uint64_t rows_returned = 0;
    std::uint64_t bytes_returned = 0;
    std::string outcome;  ///< success | failure | unknown
};

DatabaseOperation to_operation(const OperationRecord& record);
std::vector<std::string> validate(const DatabaseOperation& operation);
std::string to_json(const DatabaseOperation& operation);

}  // namespace pgsidecar::model
