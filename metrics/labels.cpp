#include <array>

#include "metrics/shard.hpp"

namespace pgsidecar::metrics {

namespace {

constexpr std::array<std::string_view, kSqlstateSlots> kClasses = {
    "00", "01", "02", "03", "08", "09", "0A", "0B", "0F", "0L", "0P", "0Z", "20", "21",   "22",
    "23", "24", "25", "26", "27", "28", "2B", "2D", "2F", "34", "38", "39", "3B", "3D",   "3F",
    "40", "42", "44", "53", "54", "55", "57", "58", "72", "F0", "HV", "P0", "XX", "other"};

constexpr std::size_t kDigits = 36;

/// 0-9 and A-Z as in a SQLSTATE; kDigits for anything else.
constexpr std::size_t digit(char c) {
    if (c >= '0' && c <= '9') return static_cast<std::size_t>(c - '0');
    if (c >= 'A' && c <= 'Z') return static_cast<std::size_t>(c - 'A') + 10;
    return kDigits;
}

consteval std::array<std::uint8_t, kDigits * kDigits> make_slots() {
    std::array<std::uint8_t, kDigits * kDigits> slots{};
    slots.fill(kSqlstateClasses);
    for (std::size_t i = 0; i < kSqlstateClasses; ++i) {
        slots[digit(kClasses[i][0]) * kDigits + digit(kClasses[i][1])] =
            static_cast<std::uint8_t>(i);
    }
    return slots;
}

constexpr auto kSlots = make_slots();

}  // namespace

static_assert(kSqlstateSlots <= std::tuple_size_v<decltype(WorkerShard::query_errors)>);

std::size_t sqlstate_class_slot(std::string_view sqlstate) {
    if (sqlstate.size() != 5) return kSqlstateClasses;
    const std::size_t first = digit(sqlstate[0]), second = digit(sqlstate[1]);
    return first < kDigits && second < kDigits ? kSlots[first * kDigits + second]
                                               : kSqlstateClasses;
}

std::string_view sqlstate_class_label(std::size_t slot) {
    return kClasses[slot < kSqlstateSlots ? slot : kSqlstateClasses];
}

std::string_view to_string(RejectReason reason) {
    switch (reason) {
        case RejectReason::TooManyClients: return "too_many_clients";
        case RejectReason::BadStartup: return "bad_startup";
        case RejectReason::AuthFailed: return "auth_failed";
        case RejectReason::LoginTimeout: return "login_timeout";
        case RejectReason::ProtocolError: return "protocol_error";
        case RejectReason::BytesBeforeTls: return "bytes_before_tls";
        case RejectReason::ShuttingDown: return "shutting_down";
        case RejectReason::PoolTimeout: return "pool_timeout";
        case RejectReason::UpstreamDown: return "upstream_down";
        case RejectReason::TlsRequired: return "tls_required";
        case RejectReason::kCount: break;
    }
    return "other";
}

std::string_view to_string(ServerCloseReason reason) {
    switch (reason) {
        case ServerCloseReason::Idle: return "idle";
        case ServerCloseReason::Lifetime: return "lifetime";
        case ServerCloseReason::ClientGone: return "client_gone";
        case ServerCloseReason::ConnectFailed: return "connect_failed";
        case ServerCloseReason::LoginFailed: return "login_failed";
        case ServerCloseReason::Lost: return "lost";
        case ServerCloseReason::ProtocolError: return "protocol_error";
        case ServerCloseReason::Shutdown: return "shutdown";
        case ServerCloseReason::ResetFailed: return "reset_failed";
        case ServerCloseReason::Console: return "console";
        case ServerCloseReason::kCount: break;
    }
    return "other";
}

std::string_view to_string(LimitKind limit) {
    switch (limit) {
        case LimitKind::MaxClients: return "max_clients";
        case LimitKind::MaxUserClients: return "max_user_clients";
        case LimitKind::MaxDatabaseClients: return "max_database_clients";
        case LimitKind::PoolWait: return "pool_wait";
        case LimitKind::PoolReserve: return "pool_reserve";
        case LimitKind::MaxDatabaseConnections: return "max_database_connections";
        case LimitKind::MaxUserConnections: return "max_user_connections";
        case LimitKind::QueryTimeout: return "query_timeout";
        case LimitKind::QueryKill: return "query_kill";
        case LimitKind::IdleInTransaction: return "idle_in_transaction";
        case LimitKind::TransactionTimeout: return "transaction_timeout";
        case LimitKind::ClientIdle: return "client_idle";
        case LimitKind::CancelTimeout: return "cancel_timeout";
        case LimitKind::kCount: break;
    }
    return "other";
}

}  // namespace pgsidecar::metrics
