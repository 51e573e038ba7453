#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/clock.hpp"
#include "realtime/close.hpp"
#include "realtime/command_gate.hpp"
#include "realtime/frames.hpp"
#include "realtime/hub.hpp"
#include "realtime/identity.hpp"
#include "realtime/keep_alive.hpp"
#include "realtime/rate.hpp"
#include "realtime/request.hpp"
#include "realtime/send_queue.hpp"
#include "realtime/session_options.hpp"
#include "realtime/subscriptions.hpp"

namespace pgsidecar::realtime {

/// One client's side of the contract without its socket.
///
/// The owner of the socket feeds text in with receive(), takes frames out with pop(), and calls
/// advance() after every wake and at least four times a second. When close() has a value and pop()
/// is empty, it closes the socket with that code; the last frame was the bye. Thread: the hub's.
/// Must be owned by a shared_ptr: answers of the database side may come later than its end.
class Session final : public Subscriber, public std::enable_shared_from_this<Session> {
public:
    struct Parts {
        Hub& hub;
        CommandGate& gate;
        const Authenticator& authenticator;
        std::shared_ptr<const SessionOptions> options;
    };

    /// identity: empty when the first message has to be `auth`. wake: called when pop(),
    /// wants_input() or close() may have changed; must not call back into the session.
    Session(const Parts& parts, std::string id, std::optional<Identity> identity, base::Now now,
            std::function<void()> wake);
    ~Session() override;
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    /// Starts the sequence of contract 5.2, or waits for `auth`.
    void open(base::Now now);
    void receive(std::string text, base::Now now);
    /// A frame that is no text.
    void receive_binary(base::Now now);
    /// A message over max_message_bytes.
    void refuse_oversize();
    /// PING or PONG came.
    void heard(base::Now now) { keep_alive_.heard(now.mono_ns); }
    void shut_down(Close close);
    /// The socket is gone.
    void depart() { leave_hub(); }
    void advance(base::Now now);

    /// False: stop reading, so that TCP pushes back (contract 5.8).
    bool wants_input() const;
    Frame pop();
    /// True once for every PING that is due.
    bool take_ping() { return std::exchange(ping_due_, false); }
    const std::optional<Close>& close() const { return close_; }
    const std::string& id() const { return id_; }
    std::uint64_t replaced() const { return queue_.replaced(); }

    void on_publication(const Publication& publication) override;
    void on_database_changed() override;
    void on_gap(const StreamGap& gap) override;
    void on_source_lost(const Frame& warning) override;
    void on_tables_guarded(std::int64_t wall_us) override;
    bool may_read(std::string_view channel) const override;
    ClientInfo describe() const override;

private:
    /// Numbers not sent yet that the ring has to bring: a lagging socket's, or a replay.
    struct Cursor {
        Seq next;       ///< the first that was not looked at
        Seq live_from;  ///< from here on everything that matches; before it only the replay
    };
    struct Replay {
        std::string id;  ///< of the request, answered when it is done
        Seq until;
        Subscriptions::Names only;  ///< channels; empty: all
        std::uint64_t sent = 0;
        std::string result;  ///< members of the reply's result that come first
    };
    using WantedChanges = std::variant<std::vector<ChangeSpec>, RequestError>;
    struct Waiting {
        Request request;
        std::int64_t deadline_ns;
    };

    // session.cpp
    void leave_hub();
    void continue_greeting(base::Now now);
    void become_ready(base::Now now);
    void process_held(base::Now now);
    void handle(std::string_view text, base::Now now);
    void handle_fault(const RequestFault& fault, base::Now now);
    void reply(const std::string& request_id, std::string_view result_json);
    void refuse(const std::string& request_id, const RequestError& error);
    void send(Frame frame);
    void complain(std::string_view message, base::Now now);

    // session_requests.cpp
    void dispatch(const Request& request, base::Now now);
    bool rate_allows(TokenBucket& bucket, const Request& request, base::Now now);
    void ask_health(const Request& request, base::Now now);
    void ask_reconnect(const Request& request, base::Now now);
    void pong(const Request& request, base::Now now);
    void send_health(const std::string& request_id, const model::HealthEvent& event);

    // session_auth.cpp
    void receive_first(std::string_view text, base::Now now);
    void authenticate(const Request& request, base::Now now);
    /// False: the subject has too many sockets.
    bool enter(Identity identity);
    void refuse_crowd();
    void drop_lost_channels(std::int64_t wall_us);
    /// Row level security (R147); table: schema.table.
    bool passes_guard(std::string_view table) const;
    void watch_expiry(base::Now now);

    // session_channels.cpp
    void subscribe(const Request& request, base::Now now);
    void finish_subscribe(const Request& request, base::Now now);
    bool hears_source(const std::string& channel) const;
    void warn_near_limit(base::Now now);
    void check_waiting(base::Now now);
    void unsubscribe(const Request& request);
    std::optional<RequestError> try_subscribe(const std::string& channel, const Request& request,
                                              const WantedChanges& wanted);
    std::optional<RequestError> may_subscribe(const std::string& channel) const;
    /// Read once for all channels of the request.
    WantedChanges read_changes(const std::vector<ChangeRequest>& changes) const;
    std::optional<RequestError> make_spec(const ChangeRequest& wanted, ChangeSpec& out) const;
    std::size_t specs_beside(const std::string& channel) const;
    void forget_channel(std::string_view channel);
    std::string subs_json(const std::string& channel) const;

    // session_rooms.cpp
    void publish(const Request& request);
    void track(const Request& request);
    void untrack(const Request& request);
    void send_presence_state(std::string_view room);
    /// sender: session id; who sent it hears it only when asked to.
    bool hears_broadcast(std::string_view room, std::string_view sender) const;
    bool hears_presence(std::string_view room) const;
    /// After a lag: says which rooms had losses, and who is there now.
    void make_up_for_rooms();

    // session_replay.cpp
    void resume(const Request& request);
    void start_replay(const Request& request, std::string result);
    void finish_replay();
    void catch_up();
    /// only: the channels a replay was asked for; null: all.
    bool wants(const FeedItem& item, const Subscriptions::Names* only) const;
    void push_item(const FeedItem& item, bool replayed, const Subscriptions::Names* only);
    void push_data(const Publication& publication);
    void push_change(const FeedItem& item, bool replayed, const Subscriptions::Names* only);
    /// False: the transaction has too many rows; a gap says so once.
    bool within_transaction(const RowChange& change);
    void lose(Seq from, Seq to);

    Hub& hub_;
    CommandGate& gate_;
    const Authenticator& authenticator_;
    std::shared_ptr<const SessionOptions> options_;
    std::string id_;
    std::optional<Identity> identity_;
    std::function<void()> wake_;
    SendQueue queue_;
    KeepAlive keep_alive_;
    bool ping_due_ = false;
    bool crowded_out_ = false;  ///< the subject had its sockets when this one was made

    std::int64_t auth_deadline_ns_ = 0;
    bool expiry_announced_ = false;
    Frame greeted_status_;
    std::int64_t greeting_deadline_ns_ = 0;
    bool health_asked_ = false;
    bool ready_ = false;

    std::deque<std::string> held_;
    std::deque<Waiting> waiting_;
    int unanswered_ = 0;
    int malformed_in_a_row_ = 0;
    std::optional<std::int64_t> health_asked_ns_;
    TokenBucket publish_rate_, subscribe_rate_, presence_rate_;
    FloodWatch flood_;
    Subscriptions subscriptions_;
    int last_sub_ = 0;
    bool near_limit_told_ = false;
    std::optional<Cursor> cursor_;
    std::optional<Replay> replay_;
    std::set<std::string, std::less<>> missed_rooms_;  ///< lost something that has no seq
    std::optional<Close> close_;
};

}  // namespace pgsidecar::realtime
