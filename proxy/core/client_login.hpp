#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "protocol/startup/startup_packet.hpp"
#include "proxy/core/channel.hpp"
#include "proxy/core/client_proof.hpp"
#include "proxy/core/local_error.hpp"

namespace pgsidecar::proxy {

class Session;
class Upstream;

/// Takes a client from its first byte to ReadyForQuery (manual, "Start-up").
///
/// Managed: the client proves itself to us. Pass-through: its messages and the server's are
/// relayed. One-way: nothing that has been passed can be done again; the unexpected ends the
/// connection.
class ClientLogin {
public:
    explicit ClientLogin(Session& session) : session_(session) {}

    /// Takes what belongs to the login; what is left belongs to the session that is Ready then.
    void on_bytes(base::Bytes& bytes, const base::Now& now);
    void tls_ready() { tls_ = true; }
    /// auth.query was answered: goes on with the client that waits for it.
    void account_found(const UserDirectory::Found& found, const base::Now& now);
    void tick(const base::Now& now);
    void timed_out(const base::Now& now);

    // While a server connection is awaited to learn what to tell the client.
    void attached(Upstream& upstream, const base::Now& now);
    void settings_checked(const LocalError* error, const base::Now& now);
    void refused(const LocalError& error, const base::Now& now);
    void upstream_lost(const LocalError& error, const base::Now& now);

private:
    enum class Stage : std::uint8_t { Startup, Proof, Welcome, Relay };

    void startup_bytes(base::Bytes& bytes, const base::Now& now);
    void tls_request(base::Bytes rest, const base::Now& now);
    void start(const protocol::StartupMessage& message, const base::Now& now);
    /// Whether TLS, and the client's certificate, are what tls.client_mode asks for.
    bool tls_suffices(const base::Now& now);
    bool take_parameters(const protocol::StartupMessage& message, const base::Now& now);
    void start_pass_through(const protocol::StartupMessage& message, const base::Now& now);
    void proof_bytes(base::Bytes& bytes, const base::Now& now);
    /// For the session that is Ready then; nothing of it runs before the login is complete.
    void hold(base::Bytes& bytes);
    void password_expected(const base::Now& now);
    void relay_bytes(base::Bytes& bytes, const base::Now& now);
    void authenticated(const base::Now& now);
    /// The database that was asked for is the admin console.
    bool wants_console() const;
    void ask_for_welcome(const base::Now& now);
    void fail(std::string_view sqlstate, std::string message, std::string hint,
              const base::Now& now);
    void send(const std::string& message);

    Session& session_;
    std::string buffer_;  ///< of the first packet, when it comes in parts
    std::string user_, database_;
    std::vector<std::pair<std::string, std::string>> gucs_;
    std::unique_ptr<ClientProof> proof_;  ///< managed only
    Stage stage_ = Stage::Startup;
    int attempts_ = 0;  ///< server connections that were lost before the welcome was complete
    bool tls_ = false;
    bool asked_tls_ = false, asked_gss_ = false;
};

}  // namespace pgsidecar::proxy
