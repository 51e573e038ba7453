#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "model/database_operation.hpp"
#include "model/learned_schema.hpp"
#include "model/spool_entry.hpp"
#include "proxy/admin/answer.hpp"
#include "proxy/core/channel.hpp"

namespace pgsidecar::proxy {

/// What the data plane asks of the outside. It makes no system call itself, so that bytes, time and
/// chance in tests are all the test's own.
class Driver {
public:
    /// Opens a byte stream to the database; on_open() or on_closed() follows, never from inside
    /// this call.
    virtual Channel* connect(ChannelEvents& events) = 0;
    /// Asks the other workers for the session of a cancel key that this one does not know.
    virtual void cancel_elsewhere(std::int32_t pid, std::uint32_t secret) = 0;
    /// Takes one finished operation; losing it must be counted by the driver.
    virtual void record(model::OperationRecord&& record) = 0;
    /// A connection to the database was lost or could not be made. Called once per connection.
    virtual void upstream_lost(const ChannelClosed& closed, std::string_view sqlstate) = 0;
    /// A connection to the database has logged in.
    virtual void upstream_connected() = 0;
    /// Hands queued writes to the spool; Plane::spooled() with the token follows, never from inside
    /// this call.
    virtual void spool(std::uint64_t token, model::SpoolEntry&& entry) = 0;
    /// Asks the database for a user's secret (auth.query); Plane::user_answered() follows, never
    /// from inside this call.
    virtual void look_up(const std::string& user) = 0;
    /// What a server told a client at login; to be kept for logins while it is away.
    virtual void learned(const model::LearnedServer& server) = 0;
    /// A command of the admin console; Plane::console_answered() with the token follows, never from
    /// inside this call.
    virtual void console(std::uint64_t token, admin::Request&& request) = 0;
    /// Nobody waits for that answer any more, or it is wanted at once.
    virtual void console_cancelled(std::uint64_t token) = 0;

protected:
    ~Driver() = default;
};

}  // namespace pgsidecar::proxy
