#pragma once

#include <cstdint>
#include <string_view>

struct sqlite3_stmt;

namespace pgsidecar::audit {

class SpoolConnection;

/// A prepared statement. Failures are kept by the connection, which must outlive it.
///
/// Bound text is not copied: it must live until the statement has run or was reset.
class SpoolQuery {
public:
    SpoolQuery(SpoolConnection& connection, std::string_view sql);
    ~SpoolQuery();
    SpoolQuery(const SpoolQuery&) = delete;
    SpoolQuery& operator=(const SpoolQuery&) = delete;

    /// The next parameter.
    SpoolQuery& bind(std::int64_t number);
    SpoolQuery& bind(std::uint64_t number) { return bind(static_cast<std::int64_t>(number)); }
    SpoolQuery& text(std::string_view bytes);
    SpoolQuery& blob(std::string_view bytes);

    /// Goes to the next row; false at the end or on failure, and the statement is reset then.
    bool next();
    /// Carries it out; false on failure.
    bool run();
    void reset();

    std::int64_t integer(int column) const;
    std::uint64_t number(int column) const { return static_cast<std::uint64_t>(integer(column)); }
    /// Valid until the next next(), run() or reset().
    std::string_view bytes(int column) const;

private:
    SpoolConnection& connection_;
    sqlite3_stmt* statement_ = nullptr;
    int bound_ = 0;
};

}  // namespace pgsidecar::audit
