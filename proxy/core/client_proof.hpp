#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "protocol/auth/client_login.hpp"
#include "proxy/core/local_error.hpp"
#include "proxy/core/user_directory.hpp"

namespace pgsidecar::proxy {

class Plane;
class Session;

/// A client proves to us that it is who it says (auth.mode managed).
///
/// A user that does not exist gets the same questions, the same error and the same time as one
/// whose password is wrong: no failure is told before auth.failure_delay_ms after the login began,
/// or a multiple of it. Owned by its ClientLogin. Thread: the worker's.
class ClientProof {
public:
    ClientProof(Plane& plane, Session& session, std::string user);

    // Each is true when the client has proved itself; account() is what it has proved.
    bool begin(const base::Now& now);
    bool account_found(const UserDirectory::Found& found, const base::Now& now);
    /// payload: of one message of type 'p'.
    bool on_message(base::Bytes payload, const base::Now& now);

    const AccountPtr& account() const { return account_; }
    /// The database is being asked; nothing can be taken from the client.
    bool asking() const { return state_ == State::Asking; }
    /// Judged; the client is told when the time has come.
    bool refused() const { return state_ == State::Refused; }
    void tick(const base::Now& now);

private:
    enum class State : std::uint8_t { Asking, Challenged, Refused };

    bool judge(const base::Result<protocol::ClientLogin::Progress>& progress,
               const std::string& reply, const base::Now& now);
    void refuse_password(std::string_view why, const base::Now& now);
    void refuse(LocalError error, std::string_view why, const base::Now& now);
    void refuse_unknown_under_trust(const base::Now& now);
    void refuse_unasked(const base::Now& now);

    Plane& plane_;
    Session& session_;
    std::string user_;
    AccountPtr account_;
    std::optional<protocol::ClientLogin> login_;
    LocalError refusal_;
    std::int64_t begun_ns_ = 0, due_ns_ = 0;
    State state_ = State::Asking;
};

}  // namespace pgsidecar::proxy
