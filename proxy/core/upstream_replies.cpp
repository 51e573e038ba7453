#include "protocol/messages/backend_decode.hpp"
#include "proxy/core/plane.hpp"
#include "proxy/core/session.hpp"
#include "proxy/core/upstream.hpp"

// The server's answers: whose each of them is, and what it means for the queue of expected replies.

namespace pgsidecar::proxy {

using protocol::Frame;
using protocol::FrameOutcome;
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

}  // namespace

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

void Upstream::resolve(const Expected& item, StepOutcome outcome) {
    statements_.resolve(item.step, outcome);
    if (item.owner != nullptr) item.owner->resolve(item.step, outcome);
}

void Upstream::note_stale(const protocol::ErrorFields& error, const Expected& item) {
    const auto stale = stale_statement(error);
    if (stale == StaleStatement::No || !item.step.statement) return;
    if (stale != StaleStatement::ResultChanged) return statements_.distrust(item.step);
    // Others may know the old result by heart, so what is there stays; who prepares anew gets a new
    // one.
    if (item.step.statement->shape()) plane_.table_changes().changed(*item.step.statement->shape());
}

void Upstream::complete_locals() {
    replies_.complete_locals([this](ReplyQueue::Item& item) {
        resolve(item.payload, StepOutcome::Done);
        item.payload.owner->relay_local(item.payload.step);
    });
}

}  // namespace pgsidecar::proxy
