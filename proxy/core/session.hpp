#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>

#include "model/database_operation.hpp"
#include "protocol/framing/frame_reader.hpp"
#include "protocol/messages/transaction_status.hpp"
#include "proxy/core/channel.hpp"
#include "proxy/core/exchange.hpp"
#include "proxy/core/guc_set.hpp"
#include "proxy/core/local_error.hpp"
#include "proxy/core/statement_names.hpp"

namespace pgsidecar::proxy {

class ClientLogin;
class Plane;
class Pool;
class Upstream;

/// One client connection: logs in, sends exchanges to a server connection, gets their replies.
///
/// Owned by its Plane. Thread: the worker's. Holds no buffer while idle.
class Session final : public ChannelEvents {
public:
    enum class State : std::uint8_t { LoggingIn, Ready, Closed };

    Session(Plane& plane, Channel& channel, bool local_peer, const base::Now& now);
    ~Session();
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    // ChannelEvents
    void on_open(const base::Now&) override {}
    void on_tls_ready(const base::Now& now) override;
    void on_bytes(base::Bytes bytes, const base::Now& now) override;
    void on_drained(const base::Now& now) override;
    void on_closed(const ChannelClosed& closed, const base::Now& now) override;
    bool at_rest() const override;

    // From the server connection and the pool.
    /// Bytes of a reply. Stops the server's reading when the client takes them too slowly.
    void relay(base::Bytes wire);
    void exchange_done(protocol::TransactionStatus status, const base::Now& now);
    void setting_reported(std::string_view name, std::string_view value);
    void upstream_lost(const ChannelClosed& closed, bool server_said_why, const base::Now& now);
    void attached(Upstream& upstream, const base::Now& now);
    void refused(const LocalError& error, const base::Now& now);
    void settings_checked(const LocalError* error, const base::Now& now);
    void pass_through_ready(const base::Now& now);
    /// The server has taken all that was sent: the client may be read again.
    void server_took_all();
    void set_reading(bool on);

    // From the plane.
    void tick(const base::Now& now);
    /// A stop is under way: ends at once when idle, else when the transaction is over.
    void drain(const base::Now& now);
    /// Cancels what it waits for; true when a server connection must be asked to.
    bool cancel(const base::Now& now);
    void end(const LocalError& error, const base::Now& now);

    State state() const { return state_; }
    Upstream* upstream() const { return upstream_; }
    Pool* pool() const { return pool_; }
    const GucSetPtr& settings() const { return settings_; }
    const model::OperationSourcePtr& source() const { return source_; }
    std::int32_t key_pid() const { return key_pid_; }
    std::uint32_t key_secret() const { return key_secret_; }
    protocol::TransactionStatus transaction() const { return transaction_; }
    bool local_peer() const { return local_peer_; }

    // Intrusive places in the pool's queue and the plane's list.
    Session* wait_prev = nullptr;
    Session* wait_next = nullptr;
    std::int64_t waiting_since_ns = -1;  ///< -1: not waiting

private:
    friend class ClientLogin;

    /// The first message of an exchange that waits for a server connection.
    struct Pending {
        protocol::Frame frame;  ///< wire and payload point into bytes
        std::string bytes;
        Expected expected;
        std::string statement_name;
    };

    void consume(base::Bytes bytes, const base::Now& now);
    void on_frame(const protocol::Frame& frame, const base::Now& now);
    bool answered_locally(const protocol::Frame& frame, const base::Now& now);
    void ask_for_upstream(const protocol::Frame& frame, const base::Now& now);
    void send_on(const protocol::Frame& frame, Expected expected);
    Expected describe(const protocol::Frame& frame, const base::Now& now);
    void name_statement(const protocol::Frame& frame, Expected& expected);
    void refuse_exchange(char type, bool in_pieces, const LocalError& error);
    void release_if_done(const base::Now& now);
    void detach(const base::Now& now, bool client_gone);
    void consume_held(const base::Now& now);
    void send_error(const LocalError& error);
    void send_ready();
    void protocol_violation(std::string_view what, const base::Now& now);
    void logged_in(const base::Now& now);
    void welcome(const base::Now& now);
    bool keeps_connection() const;
    void close_channel();

    Plane& plane_;
    Channel* channel_;
    Pool* pool_ = nullptr;
    Upstream* upstream_ = nullptr;
    std::unique_ptr<ClientLogin> login_;      ///< only while logging in
    std::unique_ptr<Upstream> own_upstream_;  ///< pass-through only
    protocol::FrameReader reader_;
    std::unique_ptr<Pending> pending_;
    std::string held_;  ///< read, but not yet due
    GucSetPtr settings_;
    model::OperationSourcePtr source_;
    StatementNames names_;
    std::int64_t opened_ns_;
    std::int64_t pool_wait_ns_ = 0;
    std::int32_t key_pid_ = 0;
    std::uint32_t key_secret_ = 0;
    State state_ = State::LoggingIn;
    protocol::TransactionStatus transaction_ = protocol::TransactionStatus::Idle;
    bool local_peer_;
    bool discarding_ = false;       ///< an exchange was refused: drop up to its Sync
    bool dropping_pieces_ = false;  ///< of a long message that was refused
    bool terminating_ = false;      ///< Terminate came while replies were outstanding
    bool draining_ = false;
    bool reading_ = true;
    bool consuming_ = false;
};

}  // namespace pgsidecar::proxy
