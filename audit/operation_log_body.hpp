#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.hpp"
#include "model/database_operation.hpp"

namespace pgsidecar::audit {

/// One record as it comes out of a body again; the texts are views into the body.
struct LoggedOperation {
    base::Uuid id;
    std::string_view connection_id, session_id, service, user, database;  ///< empty: not known
    bool has_shape = false;
    std::uint64_t fingerprint = 0;
    model::StatementKind kind = model::StatementKind::Unknown;
    std::string_view text, table;
    std::int64_t start_us = 0, duration_us = 0, pool_wait_us = 0;
    std::int64_t affected_rows = -1;
    std::uint64_t rows_returned = 0, bytes_returned = 0;
    model::Outcome outcome = model::Outcome::Success;
    std::string_view sqlstate, error;  ///< empty: none
};

/// The records as one row of the spool: a version byte, then each source and each shape once, then
/// the records, in variable-length integers. About 60 bytes a record. All text becomes valid UTF-8
/// without zero bytes.
std::string encode_operations(std::span<const model::OperationRecord* const> records);

/// Reads a body. Bodies come from a file: nothing in them is trusted.
class OperationBody {
public:
    /// The current version; bodies of other versions are not read.
    static constexpr char kVersion = 1;

    explicit OperationBody(std::string_view body);
    /// False at the end, and where the body is damaged or of another version.
    bool next(LoggedOperation& out);
    bool damaged() const { return damaged_; }

private:
    struct Source {
        std::string_view connection_id, session_id, service, user, database;
    };
    struct Shape {
        std::uint64_t fingerprint = 0;
        model::StatementKind kind = model::StatementKind::Unknown;
        std::string_view text, table;
    };

    bool read_tables();
    bool read_record(LoggedOperation& out);
    bool number(std::uint64_t& out);
    bool count(std::uint64_t& out);
    bool text(std::string_view& out);
    bool take(std::size_t size, std::string_view& out);

    std::string_view rest_;
    std::vector<Source> sources_;
    std::vector<Shape> shapes_;
    std::uint64_t records_ = 0;
    std::int64_t last_start_us_ = 0;
    bool damaged_ = false;
};

}  // namespace pgsidecar::audit
