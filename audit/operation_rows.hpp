#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "audit/operation_log_body.hpp"
#include "audit/spool.hpp"

namespace pgsidecar::audit {

/// Rows for pgsidecar.operations in COPY's binary format (manual, "COPY", Binary Format), and the
/// texts that they refer to. Pure.
class OperationRows {
public:
    /// The command that takes data().
    static constexpr std::string_view kCopy =
        "COPY pgsidecar.operations (id, started_at, duration_us, pool_wait_us, connection_id,"
        " session_id, type, kind, table_name, service, user_name, database_name, fingerprint,"
        " success, outcome, sqlstate, error, affected_rows, rows_returned, bytes_returned)"
        " FROM STDIN (FORMAT binary)";

    /// ascii_only: for databases whose encoding lacks a character that came up.
    explicit OperationRows(bool ascii_only = false);

    /// Rows of one body, up to where it is damaged, if it is.
    void add(const StoredRecords& records);
    /// With the end of data, after the last add().
    std::string_view data();
    std::uint64_t count() const { return count_; }
    /// Records of damaged bodies that are not among the rows.
    std::uint64_t dropped() const { return dropped_; }
    /// By fingerprint, in its order, so that two sidecars never lock rows in opposite orders.
    const std::map<std::int64_t, std::string>& statements() const { return statements_; }

private:
    void add_row(const LoggedOperation& operation);
    void field(std::string_view bytes);
    void text(std::string_view value);
    void text_or_null(std::string_view value);
    void number(std::int64_t value);
    void uuid_or_null(std::string_view value);
    void null();

    std::string data_;
    bool ascii_only_;
    bool ended_ = false;
    std::uint64_t count_ = 0, dropped_ = 0;
    std::map<std::int64_t, std::string> statements_;
};

}  // namespace pgsidecar::audit
