#include "health/loss.hpp"

namespace pgsidecar::health {

Loss classify_loss(const model::ErrorInfo& error) {
    using model::ErrorCode;
    switch (error.code) {
        case ErrorCode::ConnRefused:
        case ErrorCode::NotFound: return Loss::HostGone;
        case ErrorCode::Shutdown:
            return error.sqlstate == "57P01" ? Loss::OneConnection : Loss::HostGone;
        case ErrorCode::ConnReset:
        case ErrorCode::TooManyConnections:
        case ErrorCode::AuthFailed: return Loss::OneConnection;
        case ErrorCode::Timeout:
            // 57014 is a statement's own time limit; ours carry no SQLSTATE.
            return error.sqlstate.empty() ? Loss::OneConnection : Loss::None;
        case ErrorCode::Unknown:
            return error.sqlstate.empty() || error.sqlstate == "3D000" || error.sqlstate == "57P04"
                       ? Loss::OneConnection
                       : Loss::None;
        default: return Loss::None;
    }
}

}  // namespace pgsidecar::health
