#include "db/error_text.hpp"

#include <libpq-fe.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>
#include <system_error>

namespace pgsidecar::db {
namespace {

using model::ErrorPhase;

bool is_sqlstate(std::string_view text) {
    return text.size() == 5 && std::ranges::all_of(text, [](char c) {
               return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z');
           });
}

/// "FATAL:  28P01: password authentication failed ...": the first such group.
std::string_view find_sqlstate(std::string_view text) {
    constexpr std::string_view kBefore = ":  ";
    for (auto at = text.find(kBefore); at != std::string_view::npos;
         at = text.find(kBefore, at + 1)) {
        std::string_view rest = text.substr(at + kBefore.size());
        if (rest.size() > 5 && rest[5] == ':' && is_sqlstate(rest.substr(0, 5))) {
            return rest.substr(0, 5);
        }
    }
    return {};
}

bool mentions(std::string_view text, std::string_view words) {
    return text.find(words) != std::string_view::npos;
}

/// libpq prints strerror(): looked for in the words of this process's own locale.
int find_errno(std::string_view text) {
    constexpr std::array kErrors{ECONNREFUSED, ENOENT, EHOSTUNREACH, ENETUNREACH,  EHOSTDOWN,
                                 ENETDOWN,     EACCES, EPERM,        ETIMEDOUT,    ECONNRESET,
                                 ECONNABORTED, EPIPE,  ENOTCONN,     EMFILE,       ENFILE,
                                 ENOBUFS,      ENOMEM, EAGAIN,       EADDRNOTAVAIL};
    for (int error : kErrors) {
        if (mentions(text, std::generic_category().message(error))) return error;
    }
    return 0;
}

std::string_view field(const PGresult* result, int code) {
    const char* text = PQresultErrorField(result, code);
    return text != nullptr ? std::string_view(text) : std::string_view();
}

model::ErrorInfo by_words(std::string_view text) {
    bool system_call = mentions(text, "SSL SYSCALL error") ||
                       mentions(text, "could not receive data") ||
                       mentions(text, "could not send data");
    if (mentions(text, "server closed the connection") || (system_call && mentions(text, "EOF"))) {
        return model::connection_lost();
    }
    if (mentions(text, "server does not support SSL")) return model::tls_refused();
    if (!system_call && (mentions(text, "certificate") || mentions(text, "SSL error"))) {
        return model::certificate_refused();
    }
    if (mentions(text, "no password supplied") || mentions(text, "SCRAM") ||
        mentions(text, "server signature") || mentions(text, "channel binding") ||
        mentions(text, "authentication method")) {
        return model::authentication_failed();
    }
    if (int error = find_errno(text); error != 0) {
        return model::classify_errno(error, ErrorPhase::Connect);
    }
    return model::other_error(
        "Database did not answer as PostgreSQL does.",
        "Check that host and port in DATABASE_URL lead to a PostgreSQL server.", true);
}

}  // namespace

Error from_connect_text(std::string_view text) {
    std::string_view sqlstate = find_sqlstate(text);
    if (!sqlstate.empty()) {
        return model::classify_server_error({.sqlstate = sqlstate, .message = text},
                                            ErrorPhase::Connect);
    }
    Error error = by_words(text);
    error.server_message = text;
    return error;
}

Error from_result(const pg_result* result, std::int64_t timeout_ms) {
    return model::classify_server_error({.sqlstate = field(result, PG_DIAG_SQLSTATE),
                                         .message = field(result, PG_DIAG_MESSAGE_PRIMARY),
                                         .constraint = field(result, PG_DIAG_CONSTRAINT_NAME),
                                         .table = field(result, PG_DIAG_TABLE_NAME),
                                         .timeout_ms = timeout_ms},
                                        ErrorPhase::Statement);
}

}  // namespace pgsidecar::db
