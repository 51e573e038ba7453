#include "audit/spool_query.hpp"

#include <sqlite3.h>

#include "audit/spool_connection.hpp"

namespace pgsidecar::audit {

SpoolQuery::SpoolQuery(SpoolConnection& connection, std::string_view sql)
    : connection_(connection) {
    const int code =
        sqlite3_prepare_v3(connection.handle(), sql.data(), static_cast<int>(sql.size()),
                           SQLITE_PREPARE_PERSISTENT, &statement_, nullptr);
    if (code != SQLITE_OK) connection_.note(code);
}

SpoolQuery::~SpoolQuery() { sqlite3_finalize(statement_); }

SpoolQuery& SpoolQuery::bind(std::int64_t number) {
    if (statement_ != nullptr) sqlite3_bind_int64(statement_, ++bound_, number);
    return *this;
}

SpoolQuery& SpoolQuery::text(std::string_view bytes) {
    if (statement_ != nullptr)
        sqlite3_bind_text64(statement_, ++bound_, bytes.empty() ? "" : bytes.data(), bytes.size(),
                            SQLITE_STATIC, SQLITE_UTF8);
    return *this;
}

SpoolQuery& SpoolQuery::blob(std::string_view bytes) {
    if (statement_ != nullptr)
        sqlite3_bind_blob64(statement_, ++bound_, bytes.empty() ? "" : bytes.data(), bytes.size(),
                            SQLITE_STATIC);
    return *this;
}

bool SpoolQuery::next() {
    if (statement_ == nullptr) {
        connection_.note(SQLITE_MISUSE);
        return false;
    }
    const int code = sqlite3_step(statement_);
    if (code == SQLITE_ROW) return true;
    if (code != SQLITE_DONE) connection_.note(code);
    reset();
    return false;
}

bool SpoolQuery::run() {
    const auto before = connection_.failure();
    while (next()) {
    }
    return before == SpoolFailure::None && connection_.failure() == SpoolFailure::None;
}

void SpoolQuery::reset() {
    bound_ = 0;
    if (statement_ != nullptr) sqlite3_reset(statement_);
}

std::int64_t SpoolQuery::integer(int column) const {
    return sqlite3_column_int64(statement_, column);
}

std::string_view SpoolQuery::bytes(int column) const {
    const void* data = sqlite3_column_blob(statement_, column);
    if (data == nullptr) return {};
    return {static_cast<const char*>(data),
            static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

}  // namespace pgsidecar::audit
