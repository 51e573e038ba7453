#pragma once

#include <cstdint>
#include <string>

#include "model/error_text.hpp"
#include "model/learned_schema.hpp"
#include "model/spool_entry.hpp"
#include "proxy/admin/answer.hpp"

namespace pgsidecar::proxy {

/// What the data plane tells the rest of the process. Called on worker threads: post and return.
class DataPlaneEvents {
public:
    /// A connection to the database was lost, or could not be made.
    virtual void on_upstream_lost(const model::ErrorInfo& error) = 0;
    virtual void on_upstream_connected() = 0;
    /// A CancelRequest whose key this worker does not know.
    virtual void on_cancel_elsewhere(int worker, std::int32_t pid, std::uint32_t secret) = 0;
    /// Writes to be stored; DataPlane::spooled() with the worker and the token is the answer.
    virtual void on_spool(int worker, std::uint64_t token, model::SpoolEntry entry) = 0;
    /// Answers wait for records: DataPlane::records_on_disk() is awaited soon.
    virtual void on_records_due() = 0;
    /// A user to be looked up (auth.query); DataPlane::user_answered() is the answer.
    virtual void on_look_up(int worker, const std::string& user) = 0;
    virtual void on_learned(const model::LearnedServer& server) = 0;
    /// A command of the admin console; DataPlane::console_answered() with the worker and the token
    /// is the answer.
    virtual void on_console(int worker, std::uint64_t token, admin::Request request) = 0;
    /// That answer is wanted at once, or by nobody any more.
    virtual void on_console_cancelled(int worker, std::uint64_t token) = 0;

protected:
    ~DataPlaneEvents() = default;
};

}  // namespace pgsidecar::proxy
