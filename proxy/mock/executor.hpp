#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "proxy/mock/connection.hpp"
#include "proxy/mock/outline.hpp"
#include "proxy/mock/result.hpp"

namespace pgsidecar::proxy::mock {

/// Cells and bytes of values that one statement may return; more is refused with 54000.
inline constexpr std::size_t kMaxCells = 100'000;
inline constexpr std::size_t kMaxResultBytes = std::size_t{16} << 20;

/// Runs one statement that is known to be well formed. Errors are in the Result.
Result run_statement(Connection& connection, std::string_view statement,
                     const std::vector<Oid>& parameter_types, const std::vector<Value>& parameters);
/// What it would return; does nothing.
Result describe_statement(Connection& connection, std::string_view statement,
                          const std::vector<Oid>& parameter_types);

// Parts of the above.
Result make_error(std::string_view sqlstate, std::string message, std::string hint = {});
Result make_done(std::string tag);
LocalError make_warning(std::string_view sqlstate, std::string message);
/// SELECT, VALUES, TABLE, INSERT, UPDATE, DELETE, MERGE.
Result run_query(const Outline& outline, Scene& scene);
/// Everything else. `statement` as it stands, `describing`: change nothing.
Result run_utility(Connection& connection, std::string_view statement, const Outline& outline,
                   bool describing);
Result run_setting(Connection& connection, std::string_view statement, const Outline& outline);
/// Modes of BEGIN, SET TRANSACTION and SET SESSION CHARACTERISTICS, from their first word on.
class Tokens;
void apply_transaction_modes(Connection& connection, Tokens& tokens, std::string_view prefix);
Result run_cursor(Connection& connection, std::string_view statement, const Outline& outline,
                  bool describing);

}  // namespace pgsidecar::proxy::mock
