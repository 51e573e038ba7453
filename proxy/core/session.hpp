#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "metrics/shard.hpp"
#include "model/database_operation.hpp"
#include "model/spool_entry.hpp"
#include "protocol/framing/frame_reader.hpp"
#include "protocol/messages/frontend_decode.hpp"
#include "protocol/messages/transaction_status.hpp"
#include "proxy/core/channel.hpp"
#include "proxy/core/client_census.hpp"
#include "proxy/core/client_statements.hpp"
#include "proxy/core/exchange.hpp"
#include "proxy/core/guc_set.hpp"
#include "proxy/core/local_error.hpp"
#include "proxy/core/session_clock.hpp"
#include "proxy/core/user_directory.hpp"

namespace pgsidecar::proxy {

class ClientLogin;
class Inspection;
class ConsoleLink;
class Plane;
class Pool;
class Standin;
class Upstream;
struct UpstreamLoss;

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
    /// The server has said what this client has on its connection.
    void inspected(const Inspection& inspection, const base::Now& now);
    /// All that was sent is answered: names of prepared statements are certain again.
    void replies_settled(const base::Now& now);
    bool waits_to_settle() const { return stop_ == Stop::Settle; }
    /// An answer of ours, in its place among the server's.
    void relay_local(const StatementStep& step);
    void resolve(const StatementStep& step, StepOutcome outcome) { names_.resolve(step, outcome); }
    /// The server's error with the client's own name of the statement; empty: nothing to change.
    std::string with_own_name(const protocol::Frame& frame, const Expected& expected) const;
    /// A RESET is on its way.
    bool restores() const { return restores_all_ || resetting_ || restores_in_flight_ > 0; }
    /// Somebody wants a connection: gives this one up if it is kept for lastval() alone, which has
    /// not been asked for in a while. True when it did.
    bool yield_sequences(const base::Now& now);
    /// The ParameterStatus with what the client is to believe; empty: it knows that already.
    std::string restored_parameter(const protocol::Frame& frame) const;
    void restored(bool failed, const base::Now& now);
    /// What was asked on the side is answered; it may have been the last thing.
    void asked_done(const base::Now& now) { release_if_done(now); }
    void note_failure();
    void settings_read(const std::vector<std::string>& names,
                       const std::vector<std::optional<std::string>>& values, const base::Now& now);
    /// Tells the client what became of what it had sent; it goes on with the next connection where
    /// that is possible.
    void upstream_lost(Upstream& upstream, const UpstreamLoss& loss, const base::Now& now);
    void attached(Upstream& upstream, const base::Now& now);
    void refused(const LocalError& error, const base::Now& now);
    void settings_checked(const LocalError* error, const base::Now& now);
    void pass_through_ready(const base::Now& now);
    /// What auth.query has said of the user that logs in here.
    void account_found(const UserDirectory::Found& found, const base::Now& now);
    /// The server has taken all that was sent: the client may be read again.
    void server_took_all();
    void set_reading(bool on);
    bool reading() const { return reading_; }

    // Limits (session_limits.cpp).
    /// Ends what has lasted too long.
    void check_times(const base::Now& now);
    /// Why there is no room for a client of this user and database; counts it when there is.
    std::optional<LocalError> no_room(const std::string& user, const std::string& database,
                                      const base::Now& now);
    /// Puts our own error in the place of the server's for a statement that we canceled. own: what
    /// frame.wire then points into.
    void explain_cancel(protocol::Frame& frame, std::string& own) const;
    SessionClock& clock() { return clock_; }

    // From the plane.
    void tick(const base::Now& now);
    /// The entry handed over by spool() is on disk, or is not.
    void spooled(const model::SpoolVerdict& verdict, const base::Now& now);
    /// Queued writes were applied, or it has waited long for them.
    void writes_applied(const base::Now& now);
    /// audit.durability = strict: what follows in the answer waits for the record just made.
    void hold_answer(const model::StatementShapePtr& shape);
    std::uint64_t record_awaited() const { return record_awaited_; }
    void record_stored(bool stored, const base::Now& now);
    /// Sends again what was cut off.
    void try_again(const base::Now& now);
    /// It has waited long for a connection, and no connection is left.
    void waited_long(const base::Now& now);
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
    /// Why it keeps its server connection between transactions: bits by model::PinReason.
    std::uint8_t pins() const { return pins_; }
    const ClientStatements& statements() const { return names_; }
    bool local_peer() const { return local_peer_; }
    std::uint64_t spool_token() const { return spool_token_; }
    std::int64_t id() const { return id_; }
    ConsoleLink* console() const { return console_.get(); }

    // For the admin console.
    admin::ClientFacts facts(const base::Now& now) const;
    void add_prepared(std::vector<admin::PreparedFacts>& to) const;
    /// Why it keeps its server connection now; empty: it does not.
    std::string pin_reason() const;

    // Intrusive places in the pool's queue and the plane's list.
    Session* wait_prev = nullptr;
    Session* wait_next = nullptr;
    std::int64_t waiting_since_ns = -1;  ///< -1: not waiting

    // For its stand-in.
    const std::string& service() const { return source_->service; }
    /// The statement of a Parse, without its name.
    PreparedStatementPtr intern(const protocol::ParseView& parse);
    PreparedStatementPtr statement(std::string_view name) const { return names_.statement(name); }
    void closed(const protocol::TargetView& target);
    void name_it(std::string_view name, PreparedStatementPtr statement);
    /// Types for ParameterDescription: as the database said, as declared, as the columns have them.
    std::vector<std::uint32_t> parameter_types(const PreparedStatement& statement) const;
    /// The same for the spool: 0 where nobody knows.
    std::vector<std::uint32_t> known_types(const PreparedStatement& statement) const;
    bool wants_notices() const;
    LocalError unavailable(const base::Now& now) const;
    /// The database, as its pool sees it.
    bool away() const;
    void why_not_queued(std::string reason) { why_not_queued_ = std::move(reason); }
    model::SpoolContextPtr spool_context();
    void spool(model::SpoolEntry entry, const base::Now& now);
    /// The exchange needs the server: takes its messages again, to wait. begin: of a transaction
    /// that the client was told is open.
    void wait_for_server(std::string messages, std::string begin, const base::Now& now);
    /// The middle of an exchange: its transaction has ended; rest is taken as if it came now.
    void rolled_back_here(std::string_view answer, std::string rest);
    void stood_in(protocol::TransactionStatus status, std::string_view answer,
                  const base::Now& now);
    void record_local(const model::StatementShapePtr& shape, std::int64_t started_ns,
                      std::int64_t started_us, const base::Now& now);

private:
    friend class ClientLogin;
    friend class ConsoleLink;

    /// Why nothing more is taken from the client for now.
    enum class Stop : std::uint8_t { None, Spool, Flush, Retry, Settle, Console };

    /// A read that may have been ended on purpose: it is sent again only when the server has gone
    /// away since, as in a restart.
    struct Doubt {
        LocalError error;
        std::uint64_t failures_before, outages_before;
    };
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
    /// lastval() and currval() on a connection where others have drawn: they are to fail rather
    /// than to tell what is not this client's.
    void begin_with_own_sequences(const Expected& expected);
    bool touches_sequences(const model::StatementShape& shape) const;
    std::vector<std::string> known_placeholders();
    void send_plain(const protocol::Frame& frame, Expected expected);
    // Where connections are shared (session_statements.cpp).
    /// True when the message has to wait until everything is answered; its caller keeps it.
    bool settles_first(const protocol::Frame& frame, const base::Now& now);
    bool depends_on_replies(char type, std::string_view name, bool between) const;
    bool waits_for_replies();
    /// An EXECUTE or DEALLOCATE in SQL names a statement of which that is not certain yet.
    bool names_unsettled(const protocol::Frame& frame);
    /// settings_ are in force on the connection, for certain.
    bool knows_settings() const;
    bool was_parsed_otherwise(const PreparedStatement& statement) const;
    /// Has a statement parsed under the settings that it was parsed under before.
    bool prepares_first(std::string_view name, const base::Now& now);
    /// The statement itself, or where it can only be parsed under other settings another one.
    PreparedStatementPtr as_it_can_be_here(const PreparedStatementPtr& statement);
    /// A PREPARE in SQL may have this name at the server.
    bool sql_may_have_prepared(std::string_view name) const;
    /// Under the client's own name, which the server may refuse, and away with it again.
    void send_parse_checked(const protocol::Frame& frame, Expected expected, std::string_view name);
    void send_shared(const protocol::Frame& frame, Expected expected);
    void send_parse(const protocol::Frame& frame, Expected expected);
    void send_bind(const protocol::Frame& frame, Expected expected);
    void send_describe(const protocol::Frame& frame, Expected expected);
    void send_close(const protocol::Frame& frame, Expected expected);
    void send_use(const protocol::Frame& frame, Expected expected, std::string_view name);
    void send_renamed(const protocol::Frame& frame, Expected expected, std::string_view from,
                      std::string_view to);
    void send_unknown_name(const protocol::Frame& frame, Expected expected, std::string_view name);
    /// Its tables have changed since it was prepared, and this connection has it not: prepared now
    /// it could return another thing than its client believes.
    bool is_outdated(const PreparedStatement& statement);
    void send_locally(Expected expected);
    void make_known(const PreparedStatementPtr& statement, const Expected& due_to);
    void make_room(const Expected& due_to);
    void inject(protocol::ReplyKind kind, StatementStep step, const Expected& due_to);
    void use_own_names(std::string_view text, const Expected& due_to);
    void note_names(const protocol::Frame& frame, const Expected& expected);
    void too_many_statements(const base::Now& now);
    std::uint64_t parse_context() const;
    /// Its statements are prepared under names of ours, so that any connection can serve it.
    bool shares() const;
    bool watches_pins() const;
    /// Something of this client is, or may be, on its connection that must not meet another one.
    bool leaves_state() const;
    void set_pins(std::uint8_t pins);
    void forget_state();
    void note_pins();
    void ask_what_is_left(const base::Now& now);
    bool refused_by_mode(const protocol::Frame& frame, const Expected& expected);
    Expected describe(const protocol::Frame& frame, const base::Now& now);
    void look_up(const protocol::Frame& frame, Expected& expected);
    void note_reset(const std::string& name);
    /// RESET goes to the server's value; the client's startup packet, which only we saw, had
    /// another.
    void note_settings(std::string_view text);
    /// Whether note_effects() has to see it.
    bool matters(const model::StatementShape& shape) const;
    /// Statements without effects of their own matter too: they may end, or add to, what is there.
    bool watches_all() const;
    void send_restores(const base::Now& now);
    bool is_restored(std::string_view name) const;
    void settings_reset();
    /// A value of the startup packet in the server's spelling.
    std::string_view as_reported(std::string_view name, std::string_view value) const;
    void refuse_exchange(char type, bool in_pieces, const LocalError& error);
    void release_if_done(const base::Now& now);
    void detach(const base::Now& now, bool client_gone);
    void consume_held(const base::Now& now);
    void hold(base::Bytes bytes);
    void put_back(const protocol::Frame& frame);
    bool stopped() const { return waiting_since_ns >= 0 || terminating_ || stop_ != Stop::None; }
    Standin& standin();
    /// True when the message went to the stand-in, was refused, or waits for queued writes.
    bool outage_takes(const protocol::Frame& frame, const base::Now& now);
    /// A write that the policy spools and that can be queued.
    bool is_spooled(const protocol::Frame& frame);
    bool begins_behind_writes(const protocol::Frame& frame);
    /// Its server connection is closed, and with it what the client had begun.
    /// Ends the server connection in the middle of what it does; false: and the session with it.
    bool give_up_transaction(LocalError error, const base::Now& now);
    /// The session cannot go on without its connection; error says why, then.
    bool loses_state(LocalError& error) const;
    /// Of messages that are taken once more: what they prepare is not there yet.
    void forget_parsed(std::string_view messages);
    bool waits_for_writes(const model::StatementShapePtr& shape) const;
    model::StatementShapePtr shape_of(const protocol::Frame& frame);
    std::unique_ptr<Pending> take_pending();
    /// Refuses the message that waits for queued writes.
    void refuse_held(const LocalError& error, const base::Now& now);
    void stop_for_flush(const protocol::Frame& frame, const base::Now& now);
    LocalError lost_error(const UpstreamLoss& loss) const;
    static LocalError rolled_back(LocalError error);
    LocalError fate_of(protocol::ReplyKind kind, const Expected& expected,
                       const LocalError& error) const;
    bool send_again(Upstream& upstream, const UpstreamLoss& loss, const base::Now& now);
    /// The server is there and has not been away: the doubtful read gets its error.
    bool doubt_confirmed(const base::Now& now);
    bool answer_lost(Upstream& upstream, const LocalError& error);
    void record_lost(Upstream& upstream, const LocalError& error, const base::Now& now);
    /// Nothing of this client's is outstanding at the server.
    void start_afresh(bool outside_transaction);
    void note_effects(const model::StatementShape& shape, std::string_view text);
    void settle_settings(const base::Now& now);
    /// What is in force on the connection may not be settings_: changes are not answered, or not
    /// asked for yet.
    bool settings_unsure() const;
    void send_error(const LocalError& error);
    void send_ready();
    void protocol_violation(std::string_view what, const base::Now& now);
    SessionClock::Phase phase() const;
    void check_query_time(const base::Now& now);
    void end_for_time(metrics::LimitKind limit, LocalError error, const base::Now& now);
    void logged_in(const base::Now& now);
    void welcome(const base::Now& now);
    bool keeps_connection() const;
    void close_channel();

    Plane& plane_;
    ClientCensus::Seat seat_;
    SessionClock clock_;
    Channel* channel_;
    Pool* pool_ = nullptr;
    Upstream* upstream_ = nullptr;
    std::unique_ptr<ClientLogin> login_;      ///< only while logging in
    std::unique_ptr<ConsoleLink> console_;    ///< of a client of the admin console
    std::unique_ptr<Upstream> own_upstream_;  ///< pass-through only
    protocol::FrameReader reader_;
    std::unique_ptr<Pending> pending_;
    std::string held_;  ///< read, but not yet due
    GucSetPtr settings_;
    model::OperationSourcePtr source_;
    ClientStatements names_;
    GucSetPtr startup_settings_;        ///< what RESET goes back to
    std::unique_ptr<Standin> standin_;  ///< made at the first need
    std::unique_ptr<Doubt> doubt_;
    std::string put_back_;        ///< to be taken again before what follows it
    std::string deferred_begin_;  ///< the client was told BEGIN, the server was not
    std::string why_not_queued_;
    model::SpoolContextPtr spool_context_;
    /// RESET of these is on its way, and the client's startup packet has values for them.
    std::unique_ptr<std::vector<std::string>> resetting_;
    /// Of those, the values are on their way back.
    std::vector<std::string> restoring_;
    std::vector<std::string> own_names_;     ///< of statements prepared for SQL to name
    std::vector<std::string> placeholders_;  ///< changed, and to be asked for with what is left
    int restores_in_flight_ = 0;
    int settings_asked_ = 0;    ///< answers on the way that will tell settings_
    GucSetPtr spool_settings_;  ///< those of spool_context_
    std::unique_ptr<std::vector<std::string>> dirty_settings_;  ///< changed in this transaction
    std::int64_t stopped_since_ns_ = 0;
    std::int64_t sequences_since_ns_ = 0;  ///< the last exchange ended
    std::uint64_t spool_token_ = 0;
    std::uint64_t record_awaited_ = 0;  ///< 0: none
    std::string held_answer_;           ///< until that record is on disk
    std::int64_t id_;
    std::uint64_t prepared_aside_ =
        0;  ///< id of the statement that was prepared first, for its use
    int retries_ = 0;
    std::uint16_t effects_ = 0;  ///< what its statements may have left on the server connection
    std::uint16_t asked_ = 0;    ///< of them, what the server is being asked for
    std::uint8_t pins_ = 0;
    bool inspect_ = false;  ///< effects_ may have changed since the server was asked
    /// Of changes of settings that were noted, some may have been undone or never made.
    bool settings_doubtful_ = false;
    bool parses_locally_ =
        false;  ///< this transaction has a SET LOCAL that decides what texts mean
    bool restoring_all_ = false;
    bool sequences_touched_ = false;  ///< in this transaction
    bool sequences_begun_ = false;    ///< anew, within the running exchange
    bool restores_all_ = false;       ///< RESET ALL is on its way
    Stop stop_ = Stop::None;
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
    bool own_answers_wait_ = false;  ///< reading stopped for answers of our own; see on_drained()
    bool bypass_ = false;            ///< this exchange waits for the server
    bool queue_now_ = false;         ///< it has waited long enough: queue it if that is possible
    bool wrote_ = false;             ///< the running exchange holds something else than reads
    bool committed_ = false;         ///< a COMMIT is among what was sent and is not over
    bool resets_all_ = false;
    bool restores_ = false;  ///< its named statements are to be prepared at the next connection
    bool exchange_open_ = false;    ///< extended messages were sent on, their Sync was not
    bool exchange_begins_ = false;  ///< with the message that is being sent on
};

}  // namespace pgsidecar::proxy
