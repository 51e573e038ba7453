#pragma once

#include <string>

#include "protocol/messages/error_fields.hpp"

namespace pgsidecar::proxy {

/// An error that the sidecar itself gives to a client; owns its texts. None holds SQL or a secret.
struct LocalError {
    std::string severity = "ERROR";
    std::string sqlstate = "XX000";
    std::string message;
    std::string detail;
    std::string hint;

    protocol::ErrorFields fields() const {
        protocol::ErrorFields f;
        f.severity = severity;
        f.sqlstate = sqlstate;
        f.message = message;
        f.detail = detail;
        f.hint = hint;
        return f;
    }
    LocalError fatal() const {
        LocalError copy = *this;
        copy.severity = "FATAL";
        return copy;
    }
};

}  // namespace pgsidecar::proxy
