#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "config/settings.hpp"
#include "realtime/close.hpp"
#include "realtime/command_gate.hpp"
#include "realtime/frames.hpp"
#include "realtime/hub.hpp"
#include "realtime/keep_alive.hpp"
#include "realtime/request.hpp"
#include "realtime/send_queue.hpp"

namespace pgsidecar::realtime {

/// What all sessions share; made once at start.
struct SessionOptions {
    SessionReady ready;  ///< without session_id, epoch and head
    SendQueue::Limits queue;
    std::int64_t first_health_timeout_ms = 2'000;  ///< K15
    std::int64_t ping_interval_ms = 30'000;
    std::int64_t silent_timeout_ms = 75'000;
    std::size_t max_subscriptions = 100;
};

SessionOptions session_options(const config::Settings& settings, std::string server);

/// One client's side of the contract without its socket.
///
/// The owner of the socket feeds text in with receive(), takes frames out with pop(), and calls
/// advance() after every wake and at least four times a second. When close() has a value and pop()
/// is empty, it closes the socket with that code; the last frame was the bye. Thread: the hub's.
/// Must be owned by a shared_ptr: answers of the database side may come later than its end.
class Session final : public Subscriber, public std::enable_shared_from_this<Session> {
public:
    /// wake: called when pop(), wants_input() or close() may have changed; must not call back into
    /// the session.
    Session(Hub& hub, CommandGate& gate, std::shared_ptr<const SessionOptions> options,
            std::string id, base::Now now, std::function<void()> wake);
    ~Session() override;
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    /// Starts the sequence of contract 5.2.
    void open(base::Now now);
    void receive(std::string text, base::Now now);
    /// A frame that is no text.
    void receive_binary(base::Now now);
    /// A message over max_message_bytes.
    void refuse_oversize();
    /// PING or PONG came.
    void heard(base::Now now) { keep_alive_.heard(now.mono_ns); }
    void shut_down(Close close);
    void advance(base::Now now);

    /// False: stop reading, so that TCP pushes back (contract 5.8).
    bool wants_input() const;
    Frame pop() { return queue_.pop(); }
    /// True once for every PING that is due.
    bool take_ping() { return std::exchange(ping_due_, false); }
    const std::optional<Close>& close() const { return close_; }
    const std::string& id() const { return id_; }
    std::uint64_t replaced() const { return queue_.replaced(); }

    void on_publication(const Publication& publication) override;
    void on_database_changed() override;

private:
    void continue_greeting(base::Now now);
    void process_held(base::Now now);
    void handle(std::string_view text, base::Now now);
    void handle_fault(const RequestFault& fault, base::Now now);
    void dispatch(const Request& request, base::Now now);
    void ask_health(const Request& request, base::Now now);
    void ask_reconnect(const Request& request, base::Now now);
    void subscribe(const Request& request);
    void unsubscribe(const Request& request);
    std::optional<RequestError> try_subscribe(const std::string& channel);
    void answer_list(const Request& request);
    void pong(const Request& request, base::Now now);
    void send_health(const std::string& request_id, const model::HealthEvent& event);
    void reply(const std::string& request_id, std::string_view result_json);
    void refuse(const std::string& request_id, const RequestError& error);
    void send(Frame frame);
    void complain(std::string_view message, base::Now now);

    Hub& hub_;
    CommandGate& gate_;
    std::shared_ptr<const SessionOptions> options_;
    std::string id_;
    std::function<void()> wake_;
    SendQueue queue_;
    KeepAlive keep_alive_;
    bool ping_due_ = false;

    Frame greeted_status_;
    std::int64_t greeting_deadline_ns_ = 0;
    bool health_asked_ = false;
    bool ready_ = false;

    std::deque<std::string> held_;
    int unanswered_ = 0;
    int malformed_in_a_row_ = 0;
    std::optional<std::int64_t> health_asked_ns_;
    std::set<std::string, std::less<>> channels_;
    std::optional<Close> close_;
};

}  // namespace pgsidecar::realtime
