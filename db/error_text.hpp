#pragma once

#include <string_view>

#include "db/error.hpp"

struct pg_result;  // libpq's PGresult

namespace pgsidecar::db {

/// Why a connection could not be made, from libpq's text: libpq 15 gives nothing else. The
/// connection's verbosity must be PQERRORS_VERBOSE, which puts the SQLSTATE into the text.
Error from_connect_text(std::string_view text);

/// Why a statement failed. timeout_ms: the statement's limit, for R102.
Error from_result(const pg_result* result, std::int64_t timeout_ms);

}  // namespace pgsidecar::db
