#pragma once

#include "model/error_text.hpp"

namespace pgsidecar::health {

/// What a failure that the data plane met says about the database as a whole.
enum class Loss {
    /// Nobody can use the database: refused, host unknown, crashed, starting up. Believed at once.
    HostGone,
    /// One connection ended or could not be made: killed backend, reset, time-out, no free slot, a
    /// login refused. The database may well be there: an immediate probe decides.
    OneConnection,
    /// An answer of a database that works (a constraint, a missing table): says nothing.
    None,
};

/// 57P01 is what pg_terminate_backend and a fast shutdown both send, with one text: the probe that
/// follows tells them apart within milliseconds.
Loss classify_loss(const model::ErrorInfo& error);

}  // namespace pgsidecar::health
