#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "protocol/framing/frame_reader.hpp"
#include "protocol/messages/error_fields.hpp"
#include "proxy/core/channel.hpp"
#include "proxy/core/client_statements.hpp"
#include "proxy/core/exchange.hpp"
#include "proxy/core/guc_set.hpp"
#include "proxy/core/inspection.hpp"
#include "proxy/core/local_error.hpp"
#include "proxy/core/resend.hpp"
#include "proxy/core/server_statements.hpp"

namespace pgsidecar::proxy {

class Plane;
class Pool;
class Session;
class UpstreamLogin;

/// How a server connection ended.
struct UpstreamLoss {
    ChannelClosed closed;
    std::string sqlstate;          ///< of the server's FATAL error, empty when it said none
    std::string server_words;      ///< that error's message
    bool protocol_broken = false;  ///< what it had sent cannot be trusted
};

/// One connection to the server: logs in, carries the FIFO of exchanges, relays replies to whom
/// they belong.
///
/// Owned by its Pool, or by the Session whose own credentials it carries (pass-through).
/// Thread: the worker's.
class Upstream final : public ChannelEvents {
public:
    enum class State : std::uint8_t {
        Connecting,
        TlsRequested,
        TlsHandshake,
        LoggingIn,
        Ready,
        Closed
    };

    /// Managed: logs in with the pool's credentials.
    Upstream(Plane& plane, Pool& pool);
    /// Pass-through: sends the client's own startup packet and relays the login.
    Upstream(Plane& plane, Session& session, std::string startup_packet);
    ~Upstream();
    Upstream(const Upstream&) = delete;
    Upstream& operator=(const Upstream&) = delete;

    void start(const base::Now& now);

    // What its session asks of it.
    /// Bytes for the server, as they are. Stops the client's reading when the server takes them too
    /// slowly.
    void forward(base::Bytes wire);
    bool expect(protocol::ReplyKind kind, Expected expected);
    ReplyQueue& replies() { return replies_; }
    /// Makes the settings in force those of set, in front of whatever is forwarded next.
    void apply(const GucSetPtr& set, Purpose purpose, const base::Now& now);
    void reset(const base::Now& now);
    /// Asks what values these settings have now; Session::settings_read() gets the answer.
    void read_settings(const std::vector<std::string>& names, const base::Now& now);
    /// Prepares a client's named statements, as they were on a connection that is lost; the
    /// replies are swallowed. One that is refused now gives its error when it is used.
    void prepare_again(const ClientStatements& statements, const base::Now& now);
    /// The same for one statement that SQL is about to name; it replaces what has that name.
    /// in_exchange: messages without their Sync went before, so none may come between.
    void prepare_as(std::string_view name, const PreparedStatement& statement,
                    const Expected& due_to, bool in_exchange);
    /// Makes a shared statement known, in an exchange of its own.
    void prepare(const PreparedStatementPtr& statement, const base::Now& now);
    /// Closes statements that prepare_as() has made.
    void close_names(const std::vector<std::string>& names, const base::Now& now);
    /// A Query of the proxy's own.
    void ask(Purpose purpose, std::string_view sql, const base::Now& now);
    /// A command without rows in the middle of the client's exchange; its error is the client's.
    void ask_within(std::string_view command, const base::Now& now);
    /// Asks what the client has on this connection; Session::inspected() gets the answer.
    void inspect(Inspection inspection, const base::Now& now);
    ServerStatements& statements() { return statements_; }
    /// Answers those of our own answers whose turn it is.
    void complete_locals();
    /// Nothing is outstanding but what we have asked ourselves.
    bool only_asks();
    /// The same, whatever they are for.
    bool only_own_requests();
    void set_reading(bool on);
    Resend& resend() { return resend_; }

    Pool* pool() const { return pool_; }
    void attach(Session* session) { session_ = session; }
    Session* session() const { return session_; }

    State state() const { return state_; }
    /// A reply has been relayed in part: nothing else may be said to its client before the rest.
    bool mid_message() const { return reader_.in_pieces() && !message_swallowed_; }
    /// Connecting took too long.
    void time_out(const base::Now& now);
    bool idle() const { return state_ == State::Ready && session_ == nullptr && replies_.empty(); }
    const GucSetPtr& settings() const { return settings_; }
    void set_settings(GucSetPtr set) { settings_ = std::move(set); }
    const std::map<std::string, std::string, std::less<>>& parameters() const {
        return parameters_;
    }
    bool encrypted() const { return encrypted_; }
    std::int32_t backend_pid() const { return backend_pid_; }
    admin::PeerFacts peer() const {
        return channel_ != nullptr ? channel_->peer() : admin::PeerFacts();
    }
    base::Bytes backend_secret() const { return base::as_bytes(backend_secret_); }

    /// Cancel requests for this connection on their way; it must not change hands before they are
    /// settled.
    int cancels_in_flight = 0;
    bool parked = false;    ///< released while a cancel was on its way
    bool tainted = false;   ///< a cancel may still hit it: never reuse
    bool outdated = false;  ///< to be closed as soon as it is free (RECONNECT)
    std::int64_t created_ns = 0;
    std::int64_t retire_at_ns = 0;  ///< 0: never
    std::int64_t idle_since_ns = 0;

    static constexpr std::int64_t kAnybodys = -1, kNobodys = 0;
    /// Id of the session whose draws from sequences lastval() and currval() tell here, once their
    /// pool watches them.
    std::int64_t sequences_of = kAnybodys;

    /// Ends the connection; no callback follows. terminate: say goodbye first.
    void close(bool terminate);

    // ChannelEvents
    void on_open(const base::Now& now) override;
    void on_tls_ready(const base::Now& now) override;
    void on_bytes(base::Bytes bytes, const base::Now& now) override;
    void on_drained(const base::Now& now) override;
    void on_closed(const ChannelClosed& closed, const base::Now& now) override;
    bool at_rest() const override;

private:
    friend class UpstreamLogin;

    class Run;

    void begin_login(const base::Now& now);
    /// sslmode allow and prefer: connects once more, with TLS or without it. False: not possible.
    bool try_other_way(bool with_tls);
    void on_tls_reply(base::Bytes& bytes, const base::Now& now);
    void login_bytes(base::Bytes& bytes, const base::Now& now);
    void relay_bytes(base::Bytes& bytes, const base::Now& now);
    /// The answer to what was sent in front of a client's message, which knows nothing of it.
    bool is_for_us(char type);
    /// Lets a client be read again that had too much unanswered.
    void answered_some();
    bool on_message(const protocol::Frame& frame, const base::Now& now);
    /// Whose wish a reported setting is; null: nobody's.
    Session* parameter_owner();
    void note_parameter(const protocol::Frame& frame, Session* owner);
    void statement_done(const protocol::Frame& frame, const base::Now& now);
    bool failed(const protocol::Frame& frame, bool answers, const base::Now& now);
    bool exchange_done(const protocol::Frame& frame, const base::Now& now);
    bool internal_done(Purpose purpose, const base::Now& now);
    bool take_fatal(const protocol::Frame& frame, const base::Now& now);
    void resolve(const Expected& item, StepOutcome outcome);
    void note_stale(const protocol::ErrorFields& error, const Expected& item);
    void internal_row(const protocol::Frame& frame);
    void logged_in(const base::Now& now);
    void lose(const ChannelClosed& closed, const base::Now& now);
    void protocol_error(std::string_view what, const base::Now& now);

    Plane& plane_;
    Pool* pool_;
    Session* session_ = nullptr;
    Channel* channel_ = nullptr;
    protocol::FrameReader reader_;
    ReplyQueue replies_;
    State state_ = State::Connecting;
    std::unique_ptr<UpstreamLogin> login_;  ///< only while logging in
    std::string startup_packet_;            ///< pass-through only
    GucSetPtr settings_;
    std::map<std::string, std::string, std::less<>> parameters_;
    std::string backend_secret_;
    std::int32_t backend_pid_ = 0;
    Session* message_owner_ = nullptr;  ///< of the message that is coming in pieces
    bool message_swallowed_ = false;
    std::unique_ptr<LocalError> internal_error_;  ///< of the proxy's own request that failed
    bool ready_came_last_ = true;                 ///< the last message was ReadyForQuery
    bool wants_tls_, encrypted_ = false;
    bool tried_other_way_ = false;
    bool protocol_broken_ = false;
    bool fatal_seen_ = false;  ///< the server has said why it hangs up
    std::string fatal_sqlstate_, fatal_words_;
    std::vector<std::string> read_names_;  ///< whose values were asked for
    std::vector<std::optional<std::string>> read_values_;
    Resend resend_;
    ServerStatements statements_;
    std::unique_ptr<Inspection> inspection_;  ///< while asked
    std::string renamed_error_;               ///< the message that is relayed in place of one
};

}  // namespace pgsidecar::proxy
