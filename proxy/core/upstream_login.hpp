#pragma once

#include <optional>
#include <system_error>

#include "base/clock.hpp"
#include "protocol/auth/upstream_login.hpp"
#include "protocol/framing/frame_reader.hpp"
#include "protocol/messages/backend_decode.hpp"

namespace pgsidecar::proxy {

class Upstream;

/// Logs an upstream connection in: with the pool's credentials, or by relaying between client and
/// server.
///
/// Lives from the moment the byte stream is ready until ReadyForQuery. Insists on the server's
/// SCRAM signature, sends a clear password over TLS only, and gives up on anything PostgreSQL would
/// not send.
class UpstreamLogin {
public:
    explicit UpstreamLogin(Upstream& upstream) : upstream_(upstream) {}

    void begin(const base::Now& now);
    void on_message(const protocol::Frame& frame, const base::Now& now);

private:
    bool managed() const;
    void authentication(const protocol::Frame& frame, const base::Now& now);
    void relay_authentication(const protocol::Frame& frame,
                              const protocol::AuthenticationView& request);
    void refused(const protocol::Frame& frame, const base::Now& now);
    void give_up(const std::error_code& why, const base::Now& now);

    Upstream& upstream_;
    bool asked_ = false;                            ///< the server has said how to authenticate
    std::optional<protocol::UpstreamLogin> login_;  ///< managed only
    bool authenticated_ = false;
};

}  // namespace pgsidecar::proxy
