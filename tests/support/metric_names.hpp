#pragma once

/// The names of metrics that tests look at, in one place; the catalogue is metrics/catalogue.cpp.
namespace pgsidecar::test::metric {

inline constexpr char kQueries[] = "pgsidecar_queries_total";
inline constexpr char kQueryErrors[] = "pgsidecar_query_errors_total";
inline constexpr char kTransactions[] = "pgsidecar_transactions_total";
inline constexpr char kRows[] = "pgsidecar_rows_total";
inline constexpr char kClients[] = "pgsidecar_client_connections";
inline constexpr char kClientsAccepted[] = "pgsidecar_client_connections_total";
inline constexpr char kClientsRejected[] = "pgsidecar_client_connections_rejected_total";
inline constexpr char kServers[] = "pgsidecar_server_connections";
inline constexpr char kServersOpened[] = "pgsidecar_server_connections_opened_total";
inline constexpr char kServersClosed[] = "pgsidecar_server_connections_closed_total";
inline constexpr char kServerProtocolErrors[] = "pgsidecar_server_protocol_errors_total";
inline constexpr char kCancels[] = "pgsidecar_cancel_requests_total";
inline constexpr char kCancelsForwarded[] = "pgsidecar_cancel_requests_forwarded_total";
inline constexpr char kCancelsUnknownKey[] = "pgsidecar_cancel_requests_unknown_key_total";
inline constexpr char kOperationsRecorded[] = "pgsidecar_operations_recorded_total";
inline constexpr char kOperationsLost[] = "pgsidecar_operations_lost_total";
inline constexpr char kSpoolEntries[] = "pgsidecar_spool_entries";
inline constexpr char kSpoolDeadLetters[] = "pgsidecar_spool_dead_letters";
inline constexpr char kSpoolBytes[] = "pgsidecar_spool_bytes";

}  // namespace pgsidecar::test::metric
