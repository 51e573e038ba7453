#include "proxy/core/upstream.hpp"

#include "protocol/messages/backend_decode.hpp"
#include "protocol/messages/frontend_encode.hpp"
#include "protocol/messages/sqlstate.hpp"
#include "proxy/core/plane.hpp"
#include "proxy/core/pool.hpp"
#include "proxy/core/session.hpp"
#include "proxy/core/upstream_login.hpp"

namespace pgsidecar::proxy {

using protocol::Frame;
using protocol::FrameOutcome;
using protocol::FrameReader;
using protocol::ReplyEffect;
using protocol::ReplyKind;

/// Gathers neighbouring bytes of one input for one client, so that a run of messages costs one
/// copy.
class Upstream::Run {
public:
    explicit Run(Upstream& upstream) : upstream_(upstream) {}
    ~Run() { flush(); }

    /// preliminary: comes before the first row.
    void add(Session* owner, base::Bytes wire, bool preliminary) {
        if (!preliminary) {
            if (upstream_.resend_.withholds()) give_withheld(owner);
            upstream_.resend_.answered();
        }
        if (owner == owner_ && !bytes_.empty() && bytes_.data() + bytes_.size() == wire.data()) {
            bytes_ = {bytes_.data(), bytes_.size() + wire.size()};
            return;
        }
        flush();
        owner_ = owner;
        bytes_ = wire;
    }
    void flush() {
        if (!bytes_.empty() && owner_ != nullptr) {
            if (upstream_.resend_.possible()) {
                upstream_.resend_.withhold(bytes_);
            } else {
                owner_->relay(bytes_);
            }
        }
        bytes_ = {};
    }
    /// The client is gone: nothing may be given to it any more.
    void drop() { bytes_ = {}; }

private:
    void give_withheld(Session* owner) {
        std::string first = upstream_.resend_.take_withheld();
        owner->relay(base::as_bytes(first));
    }

    Upstream& upstream_;
    Session* owner_ = nullptr;
    base::Bytes bytes_;
};

namespace {

// What the server says before the first row. A notice is no part of the answer either:
// "terminating connection" is one.
bool is_preliminary(char type) {
    switch (type) {
        case '1':
        case '2':
        case '3':
        case 'T':
        case 't':
        case 'n':
        case 'N': return true;
        default: return false;
    }
}

FrameReader::Limits backend_limits(const Plane& plane) {
    const auto& limits = plane.settings().limits;
    return {static_cast<std::uint32_t>(limits.max_message_bytes),
            static_cast<std::uint32_t>(limits.inspect_bytes)};
}

bool tls_first(const Plane& plane) {
    return plane.options().upstream.sslmode >= config::SslMode::Prefer;
}

}  // namespace

Upstream::Upstream(Plane& plane, Pool& pool)
    : plane_(plane),
      pool_(&pool),
      reader_(FrameReader::Direction::Backend, backend_limits(plane)),
      settings_(plane.gucs().none()),
      wants_tls_(tls_first(plane)),
      statements_(static_cast<std::size_t>(plane.settings().pool.max_prepared_statements)) {}

Upstream::Upstream(Plane& plane, Session& session, std::string startup_packet)
    : plane_(plane),
      pool_(nullptr),
      session_(&session),
      reader_(FrameReader::Direction::Backend, backend_limits(plane)),
      startup_packet_(std::move(startup_packet)),
      settings_(plane.gucs().none()),
      wants_tls_(tls_first(plane)) {
    replies_.allow_replication();
}

Upstream::~Upstream() = default;

void Upstream::start(const base::Now& now) {
    created_ns = now.mono_ns;
    plane_.shard().servers.add(1);
    plane_.shard().servers_login.add(1);
    channel_ = plane_.driver().connect(*this);
}

void Upstream::on_open(const base::Now& now) {
    if (!wants_tls_ || channel_->is_unix_socket()) return begin_login(now);
    if (plane_.options().upstream.direct_tls()) {
        state_ = State::TlsHandshake;
        return channel_->start_tls();
    }
    std::string request;
    protocol::append_ssl_request(request);
    forward(base::as_bytes(request));
    state_ = State::TlsRequested;
}

void Upstream::on_tls_reply(base::Bytes& bytes, const base::Now& now) {
    char answer = std::to_integer<char>(bytes[0]);
    bytes = bytes.subspan(1);
    // Anything that follows the one byte came before TLS and could be a stranger's
    // (CVE-2021-23222).
    if (!bytes.empty()) return protocol_error("bytes before TLS from the server", now);
    if (answer == 'S') {
        state_ = State::TlsHandshake;
        channel_->start_tls();
    } else if (answer == 'N' && plane_.options().upstream.sslmode <= config::SslMode::Prefer) {
        begin_login(now);
    } else {
        // What an 'E' goes on to say is not to be trusted either (CVE-2024-10977).
        ChannelClosed closed{
            answer == 'N' ? ChannelClosed::Cause::TlsRefused : ChannelClosed::Cause::TlsFailed,
            answer == 'N' ? "the server has no TLS but sslmode requires it"
                          : "the server did not understand SSLRequest"};
        lose(closed, now);
    }
}

void Upstream::on_tls_ready(const base::Now& now) {
    encrypted_ = true;
    begin_login(now);
}

bool Upstream::try_other_way(bool with_tls) {
    auto mode = plane_.options().upstream.sslmode;
    auto fitting = with_tls ? config::SslMode::Allow : config::SslMode::Prefer;
    if (tried_other_way_ || mode != fitting || wants_tls_ == with_tls) return false;
    if (channel_ != nullptr && channel_->is_unix_socket()) return false;
    tried_other_way_ = true;
    wants_tls_ = with_tls;
    encrypted_ = false;
    plane_.bury(std::move(login_));  // it may be calling
    reader_ = FrameReader(FrameReader::Direction::Backend, backend_limits(plane_));
    parameters_.clear();
    fatal_sqlstate_.clear();
    state_ = State::Connecting;
    if (channel_ != nullptr) channel_->abort();
    channel_ = plane_.driver().connect(*this);
    return true;
}

void Upstream::begin_login(const base::Now& now) {
    state_ = State::LoggingIn;
    login_ = std::make_unique<UpstreamLogin>(*this);
    login_->begin(now);
}

void Upstream::logged_in(const base::Now& now) {
    state_ = State::Ready;
    login_.reset();
    plane_.shard().servers_login.add(-1);
    plane_.shard().servers_opened.add();
    plane_.driver().upstream_connected();
    if (pool_ == nullptr) return;
    if (pool_->reads_sequences) sequences_of = kNobodys;
    pool_->connected(*this, now);
}

void Upstream::forward(base::Bytes wire) {
    plane_.shard().server_bytes_out.add(wire.size());
    channel_->send(wire);
    if (session_ != nullptr && channel_->unsent() > plane_.buffer_limit())
        session_->set_reading(false);
}

void Upstream::on_drained(const base::Now&) {
    if (session_ != nullptr) session_->server_took_all();
}

void Upstream::set_reading(bool on) {
    if (channel_ != nullptr) channel_->set_reading(on);
}

bool Upstream::expect(ReplyKind kind, Expected expected) {
    return replies_.push(kind, std::move(expected));
}

void Upstream::on_bytes(base::Bytes bytes, const base::Now& now) {
    plane_.shard().server_bytes_in.add(bytes.size());
    while (!bytes.empty() && state_ != State::Closed) {
        switch (state_) {
            case State::TlsRequested: on_tls_reply(bytes, now); break;
            case State::LoggingIn: login_bytes(bytes, now); break;
            case State::Ready: relay_bytes(bytes, now); break;
            case State::Connecting: return;  // the rest of a connection that was given up
            default:
                return protocol_error("bytes from the server before it was asked anything", now);
        }
    }
}

void Upstream::login_bytes(base::Bytes& bytes, const base::Now& now) {
    Frame frame;
    while (state_ == State::LoggingIn) {
        switch (reader_.next(bytes, frame)) {
            case FrameOutcome::Need: return;
            case FrameOutcome::Bad:
                return protocol_error("a message that PostgreSQL does not send", now);
            case FrameOutcome::Got: break;
        }
        if (!frame.whole())
            return protocol_error("a login message of more than the inspection limit", now);
        login_->on_message(frame, now);
    }
}

void Upstream::relay_bytes(base::Bytes& bytes, const base::Now& now) {
    Run run(*this);
    Frame frame;
    base::Bytes input = bytes;
    std::string own_words;
    // A message that came in two parts stands in the reader's own memory, until the next call.
    auto is_input = [&](base::Bytes wire) {
        return wire.data() >= input.data() && wire.data() < input.data() + input.size();
    };
    while (state_ == State::Ready) {
        FrameOutcome outcome = reader_.next(bytes, frame);
        if (outcome == FrameOutcome::Need) return answered_some();
        if (outcome == FrameOutcome::Bad) {
            run.flush();
            return protocol_error("a message that PostgreSQL does not send", now);
        }
        if (!frame.first) {
            if (!message_swallowed_) run.add(message_owner_, frame.wire, false);
            if (frame.last) message_owner_ = nullptr;
            continue;
        }
        char type = frame.type;
        ready_came_last_ = type == 'Z';
        Session* owner = replies_.empty() ? session_ : replies_.head().payload.owner;
        if (type == 'A') owner = session_;
        if (type == 'E' && take_fatal(frame, now)) {
            run.flush();
            ChannelClosed closed{ChannelClosed::Cause::Eof,
                                 "the server ended the connection: SQLSTATE " + fatal_sqlstate_};
            return lose(closed, now);
        }
        if (type == 'E' && owner != nullptr) owner->explain_cancel(frame, own_words);
        message_swallowed_ = owner == nullptr || is_for_us(type);
        if (message_swallowed_ && type == 'D' && frame.whole()) internal_row(frame);
        base::Bytes wire = frame.wire;
        if (type == 'E' && !message_swallowed_ && frame.whole() && !replies_.empty()) {
            renamed_error_ = owner->with_own_name(frame, replies_.head().payload);
            if (!renamed_error_.empty()) wire = base::as_bytes(renamed_error_);
        }
        if (type == 'S' && owner != nullptr && owner->restores() && frame.whole()) {
            renamed_error_ = owner->restored_parameter(frame);
            wire = base::as_bytes(renamed_error_);
        }
        if (!message_swallowed_ && !wire.empty())
            run.add(owner, wire, is_preliminary(type) && frame.whole());
        // Its record comes first where the answer waits for that.
        bool late = type == 'C' && plane_.strict();
        if ((!is_input(frame.wire) || wire.data() != frame.wire.data()) && !late) run.flush();
        if (!frame.last) message_owner_ = owner;
        if (type == 'D' || type == 'd') {
            if (replies_.on_backend(type) == ReplyEffect::Desync) {
                run.flush();
                return protocol_error("a row that nobody asked for", now);
            }
            Expected& expected = replies_.head().payload;
            ++expected.rows;
            expected.bytes += frame.payload_length;
            continue;
        }
        // These may hand the connection on or lose it: what is gathered for the client goes first.
        if (type == 'Z' || type == 'E') run.flush();
        if (!on_message(frame, now)) {
            run.drop();
            return;
        }
        if (late && !is_input(frame.wire)) run.flush();
        if (replies_.local_is_due()) {
            run.flush();
            complete_locals();
        }
        if (replies_.empty() && session_ != nullptr && session_->waits_to_settle()) {
            run.flush();
            session_->replies_settled(now);
        }
    }
    run.drop();
}

bool Upstream::is_for_us(char type) {
    return (type == '1' || type == '2' || type == '3' || type == 'C') && !replies_.empty() &&
           replies_.head().payload.purpose == Purpose::Prepare;
}

void Upstream::answered_some() {
    if (session_ == nullptr || channel_ == nullptr || session_->reading()) return;
    // Not only at ReadyForQuery: a pipeline may be longer than limits.max_pipeline before its Sync.
    auto most = static_cast<std::size_t>(plane_.settings().limits.max_pipeline);
    if (channel_->unsent() <= plane_.buffer_limit() && replies_.size() <= most / 2)
        session_->server_took_all();
}

bool Upstream::on_message(const Frame& frame, const base::Now& now) {
    ReplyEffect effect =
        replies_.on_backend(frame.type, [this](ReplyQueue::Item& item, bool skipped) {
            resolve(item.payload, skipped ? StepOutcome::Skipped : StepOutcome::Failed);
        });
    switch (effect) {
        case ReplyEffect::Relay: return true;
        case ReplyEffect::StepDone:
            resolve(replies_.answered().payload, StepOutcome::Done);
            return true;
        case ReplyEffect::Async:
            if (frame.type == 'S') note_parameter(frame, parameter_owner());
            return true;
        case ReplyEffect::StatementDone: statement_done(frame, now); return true;
        case ReplyEffect::Failed:
        case ReplyEffect::Unsolicited: return failed(frame, effect == ReplyEffect::Failed, now);
        case ReplyEffect::ExchangeDone: return exchange_done(frame, now);
        case ReplyEffect::Desync: break;
    }
    protocol_error("a message that does not fit what was asked", now);
    return false;
}

Session* Upstream::parameter_owner() {
    if (replies_.empty()) return session_;
    const auto& head = replies_.head().payload;
    return head.purpose == Purpose::Restore ? session_ : head.owner;
}

void Upstream::note_parameter(const Frame& frame, Session* owner) {
    auto parameter = protocol::decode_parameter_status(frame.payload);
    if (!parameter) return;
    // A hostile server must not fill our memory with names of its own.
    auto it = parameters_.find(parameter->name);
    if (it != parameters_.end()) {
        it->second = parameter->value;
    } else if (parameters_.size() < 64) {
        parameters_.emplace(parameter->name, parameter->value);
    }
    if (owner != nullptr && pool_ != nullptr)
        owner->setting_reported(parameter->name, parameter->value);
}

void Upstream::statement_done(const Frame& frame, const base::Now& now) {
    auto& item = replies_.answered();
    if (item.kind == ReplyKind::Execute) resolve(item.payload, StepOutcome::Done);
    if (item.payload.owner == nullptr || item.payload.purpose != Purpose::Client) return;
    std::int64_t affected = -1;
    if (frame.type == 'C' && frame.whole()) {
        auto tag = protocol::decode_command_complete(frame.payload);
        // Rows that were only read are rows returned, not affected ones (R67).
        bool reads =
            tag && (tag->command == "SELECT" || tag->command == "FETCH" || tag->command == "MOVE");
        if (tag && tag->rows && !reads) affected = static_cast<std::int64_t>(*tag->rows);
    }
    if (frame.type == 'I') return;  // an empty query is no statement
    Session& owner = *item.payload.owner;
    owner.clock().statement_over();
    auto shape = plane_.strict() ? item.payload.shape : model::StatementShapePtr();
    plane_.recorder().succeeded(item.payload, owner.source(), affected, now);
    if (plane_.strict()) owner.hold_answer(shape);
}

bool Upstream::take_fatal(const Frame& frame, const base::Now&) {
    if (!frame.whole()) return false;
    auto view = protocol::decode_error_response(frame.payload);
    if (!view.fields.ends_session()) return false;
    fatal_seen_ = true;
    fatal_sqlstate_ = view.fields.sqlstate;
    fatal_words_ = view.fields.message;
    // A pooled client outlives its server connection; with its own it is told in the server's
    // words.
    return pool_ != nullptr;
}

bool Upstream::failed(const Frame& frame, bool answers, const base::Now& now) {
    auto view = protocol::decode_error_response(frame.payload);
    if (answers) {
        auto& item = replies_.answered();
        Session* owner = item.payload.owner;
        note_stale(view.fields, item.payload);
        if (owner != nullptr) {
            owner->note_failure();
            if (item.kind != ReplyKind::Close)
                plane_.recorder().failed(item.payload, owner->source(), view.fields, now);
        } else if (item.payload.purpose != Purpose::Client) {
            internal_error_ = std::make_unique<LocalError>();
            internal_error_->sqlstate = view.fields.sqlstate;
            internal_error_->message = view.fields.message;
            internal_error_->detail = view.fields.detail;
            internal_error_->hint = view.fields.hint;
        }
    }
    if (!fatal_seen_) return true;
    // The server hangs up after a FATAL error; waiting for it to do so could only delay the news.
    ChannelClosed closed{ChannelClosed::Cause::Eof,
                         "the server ended the connection: SQLSTATE " + fatal_sqlstate_};
    lose(closed, now);
    return false;
}

bool Upstream::exchange_done(const Frame& frame, const base::Now& now) {
    auto status = protocol::decode_ready_for_query(frame.payload);
    if (!status) {
        protocol_error("a ReadyForQuery without a transaction status", now);
        return false;
    }
    auto& item = replies_.answered();
    Expected& done = item.payload;
    if (item.kind == ReplyKind::Query)
        resolve(done, item.failed ? StepOutcome::Failed : StepOutcome::Done);
    if (done.owner == nullptr) return internal_done(done.purpose, now);
    done.owner->exchange_done(*status, now);
    return state_ == State::Ready;
}

bool Upstream::at_rest() const {
    // Behind ReadyForQuery the server says nothing more until it is asked, and what it is asked
    // next goes out after this turn.
    return state_ == State::Ready && ready_came_last_ && reader_.at_boundary();
}

void Upstream::on_closed(const ChannelClosed& closed, const base::Now& now) {
    channel_ = nullptr;
    if (state_ != State::TlsHandshake) return lose(closed, now);
    if (try_other_way(false)) return;
    ChannelClosed in_handshake = closed;
    bool hung_up =
        closed.cause == ChannelClosed::Cause::Eof || closed.cause == ChannelClosed::Cause::Reset;
    if (hung_up) in_handshake.detail += " during the TLS handshake";
    if (hung_up && plane_.options().upstream.direct_tls())
        in_handshake.detail += "; sslnegotiation=direct needs PostgreSQL 17 or newer";
    lose(in_handshake, now);
}

void Upstream::protocol_error(std::string_view what, const base::Now& now) {
    plane_.shard().server_protocol_errors.add();
    protocol_broken_ = true;
    base::log::warn("proxy", "the server broke the protocol; the connection is closed",
                    {{"what", what}});
    lose({ChannelClosed::Cause::Other, "the server sent " + std::string(what)}, now);
}

void Upstream::lose(const ChannelClosed& closed, const base::Now& now) {
    if (state_ == State::Closed) return;
    bool was_ready = state_ == State::Ready;
    using Reason = metrics::ServerCloseReason;
    Reason reason = protocol_broken_ ? Reason::ProtocolError
                    : was_ready      ? Reason::Lost
                    : login_         ? Reason::LoginFailed
                                     : Reason::ConnectFailed;
    plane_.shard().servers_closed[static_cast<std::size_t>(reason)].add();
    UpstreamLoss loss{closed, fatal_sqlstate_, fatal_words_, protocol_broken_};
    close(false);
    plane_.driver().upstream_lost(closed, loss.sqlstate);
    Session* session = std::exchange(session_, nullptr);
    // First the pool: a session that tries again must not be given this connection's place.
    if (pool_ != nullptr) pool_->lost(*this, closed, loss.sqlstate, was_ready, now);
    if (session != nullptr) session->upstream_lost(*this, loss, now);
}

void Upstream::time_out(const base::Now& now) {
    lose({ChannelClosed::Cause::TimedOut,
          "no connection within " + std::to_string(plane_.settings().pool.connect_timeout_ms) +
              " ms (pool.connect_timeout_ms)"},
         now);
}

void Upstream::close(bool terminate) {
    if (state_ == State::Closed) return;
    if (state_ != State::Ready) plane_.shard().servers_login.add(-1);
    plane_.shard().servers.add(-1);
    state_ = State::Closed;
    if (channel_ == nullptr) return;
    if (terminate) {
        std::string message;
        protocol::append_terminate(message);
        channel_->send(base::as_bytes(message));
        channel_->close();
    } else {
        channel_->abort();
    }
    channel_ = nullptr;
}

}  // namespace pgsidecar::proxy
