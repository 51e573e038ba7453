#pragma once

#include <cstdint>

#include "base/clock.hpp"
#include "protocol/framing/frame_reader.hpp"
#include "proxy/admin/admin_session.hpp"

namespace pgsidecar::proxy {

class Session;

/// Ties the session of a client of the admin console to admin::AdminSession, in place of a pool.
///
/// Takes no more from the client while an answer is under way or the last one was not taken.
/// Thread: the worker's. Owned by its Session.
class ConsoleLink {
public:
    /// The client has proved who it is: lets it in, or says that it may not.
    static void open(Session& session, const base::Now& now);

    explicit ConsoleLink(Session& session);
    ~ConsoleLink();

    void on_frame(const protocol::Frame& frame, const base::Now& now);
    void answered(admin::Answer answer, const base::Now& now);
    void drained(const base::Now& now);
    /// A cancel request for its client.
    void cancel();

private:
    static admin::Rights rights_of(const Session& session);
    void send(const std::string& out, const base::Now& now);
    void go_on(const base::Now& now);

    Session& session_;
    admin::AdminSession admin_;
    std::uint64_t token_ = 0;  ///< of the answer that is awaited; 0: none
};

}  // namespace pgsidecar::proxy
