#include <algorithm>

#include "model/learned_schema.hpp"
#include "protocol/messages/frontend_decode.hpp"
#include "protocol/messages/frontend_rewrite.hpp"
#include "protocol/messages/sqlstate.hpp"
#include "proxy/core/plane.hpp"
#include "proxy/core/pool.hpp"
#include "proxy/core/session.hpp"
#include "proxy/core/standin.hpp"
#include "proxy/core/standin_texts.hpp"
#include "proxy/core/upstream.hpp"
#include "sql/insert_parameters.hpp"

// What a session does while the database is away, or queued writes are still to be applied.

namespace pgsidecar::proxy {

using protocol::Frame;
using protocol::TransactionStatus;

namespace {
constexpr std::uint32_t kTextOid = 25;
}

Standin& Session::standin() {
    if (!standin_) standin_ = std::make_unique<Standin>(*this, plane_);
    return *standin_;
}

model::StatementShapePtr Session::shape_of(const Frame& frame) {
    switch (frame.type) {
        case 'Q':
        case 'P': {
            auto parse = frame.type == 'P'
                             ? protocol::decode_parse_head(frame.payload)
                             : base::Result<protocol::ParseHead>(protocol::ParseHead{});
            if (!parse) return {};
            std::string_view text = frame.type == 'P' ? parse->query : base::as_text(frame.payload);
            auto shapes = plane_.classify(text.substr(0, text.find('\0')));
            if (shapes.empty()) return {};
            // The one that is to wait, if there is one.
            for (const auto& shape : shapes) {
                if (waits_for_writes(shape)) return shape;
            }
            return shapes[0];
        }
        case 'B': {
            auto bind = protocol::decode_bind_head(frame.payload);
            auto found = bind ? names_.statement(bind->statement) : PreparedStatementPtr();
            return found ? found->shape() : model::StatementShapePtr();
        }
        default: return {};
    }
}

bool Session::waits_for_writes(const model::StatementShapePtr& shape) const {
    if (!plane_.writes_wait()) return false;
    const auto& progress = *plane_.options().progress;
    if (!shape || shape->kind == model::StatementKind::Unknown) return progress.anything_waits();
    return std::any_of(shape->tables.begin(), shape->tables.end(), [&](const std::string& table) {
        return progress.waits_for(bare_table(table));
    });
}

bool Session::outage_takes(const Frame& frame, const base::Now& now) {
    if (pool_ == nullptr || own_upstream_) return false;
    bool idle = upstream_ == nullptr || (transaction_ == TransactionStatus::Idle &&
                                         upstream_->replies().empty() && !exchange_open_);
    bool begins = idle && waiting_since_ns < 0 && !bypass_ && frame.whole();
    if (begins && (queue_now_ || pool_->away() || begins_behind_writes(frame) ||
                   (plane_.mock() && is_spooled(frame)))) {
        queue_now_ = false;
        standin().on_frame(frame, now);
        return true;
    }
    if (!plane_.writes_wait()) return false;
    auto shape = shape_of(frame);
    if (!shape || !waits_for_writes(shape)) {
        stopped_since_ns_ = 0;
        return false;
    }
    // The database is there, but what was acknowledged before is not in it yet.
    std::int64_t limit = plane_.settings().outage.flush_wait_ms * std::int64_t{1'000'000};
    bool patient = stopped_since_ns_ == 0 || now.mono_ns - stopped_since_ns_ < limit;
    if (patient || (upstream_ != nullptr && !upstream_->replies().empty())) {
        stop_for_flush(frame, now);
        return true;
    }
    stopped_since_ns_ = 0;
    if (begins && shape->queueable == model::Queueable::Yes) {
        standin().on_frame(frame, now);
        return true;
    }
    LocalError error = writes_ahead(plane_.settings().outage.flush_wait_ms);
    // What came before it in the same exchange must not be committed with its Sync.
    if (upstream_ != nullptr && (exchange_open_ || transaction_ != TransactionStatus::Idle) &&
        !give_up_transaction(error, now))
        return true;
    refuse_exchange(frame.type, !frame.last, error);
    return true;
}

bool Session::is_spooled(const Frame& frame) {
    auto shape = shape_of(frame);
    return plane_.spool_usable() && shape && shape->queueable == model::Queueable::Yes &&
           model::is_spooled(plane_.policy().decide(shape->table, shape->kind, service()));
}

bool Session::begins_behind_writes(const Frame& frame) {
    if (!plane_.writes_wait()) return false;
    auto shape = shape_of(frame);
    return shape && shape->verb == model::TransactionVerb::Begin;
}

bool Session::give_up_transaction(LocalError error, const base::Now& now) {
    Upstream* upstream = std::exchange(upstream_, nullptr);
    plane_.shard().clients_active.add(-1);
    upstream->attach(nullptr);
    pool_->discard(*upstream, now);  // its end is a rollback
    exchange_open_ = false;
    restores_ = keeps_connection() && names_.size() > 0;
    names_.transaction_over();
    if (loses_state(error)) {
        end(error.fatal(), now);
        return false;
    }
    if (transaction_ == TransactionStatus::Idle) return true;
    plane_.shard().transactions_lost.add();
    transaction_ = TransactionStatus::Failed;
    standin().transaction_lost(nullptr);
    return true;
}

void Session::stop_for_flush(const Frame& frame, const base::Now& now) {
    if (stopped_since_ns_ == 0) {
        stopped_since_ns_ = now.mono_ns;
        plane_.shard().flush_waits.add();
        // Without a Sync the server keeps its answers back, and we would wait for them.
        if (upstream_ != nullptr && exchange_open_)
            upstream_->forward(base::as_bytes(protocol::kFlushMessage));
    }
    stop_ = Stop::Flush;
    // The flush begins when somebody has seen that the database is there.
    pool_->look(now);
    put_back_.assign(base::as_text(frame.wire));
    if (!frame.last) reader_.put_back();
    plane_.wait_for_flush(*this);
}

void Session::writes_applied(const base::Now& now) {
    if (stop_ != Stop::Flush) return;
    stop_ = Stop::None;
    set_reading(true);
    consume_held(now);  // looks again, and may stop again
    if (stop_ != Stop::Flush) stopped_since_ns_ = 0;
}

void Session::refuse_held(const LocalError& error, const base::Now& now) {
    stop_ = Stop::None;
    stopped_since_ns_ = 0;
    char type = held_[0];
    std::size_t length = base::load_be32(base::as_bytes(held_).data() + 1);
    held_.erase(0, length + 1);
    refuse_exchange(type, false, error);
    set_reading(true);
    consume_held(now);
}

void Session::waited_long(const base::Now& now) {
    if (!pending_ || !pending_->frame.whole() || bypass_) return;
    pool_->leave_queue(*this);
    auto pending = take_pending();
    queue_now_ = true;
    held_.insert(0, pending->bytes);
    set_reading(true);
    consume_held(now);
}

void Session::forget_parsed(std::string_view messages) {
    protocol::FrameReader reader(protocol::FrameReader::Direction::Frontend, {});
    base::Bytes bytes = base::as_bytes(messages);
    for (Frame frame; reader.next(bytes, frame) == protocol::FrameOutcome::Got;) {
        if (frame.type != 'P' || !frame.first) continue;
        auto head = protocol::decode_parse_head(frame.payload);
        if (head && !head->name.empty()) closed({protocol::TargetKind::Statement, head->name});
    }
}

void Session::wait_for_server(std::string messages, std::string begin, const base::Now&) {
    forget_parsed(messages);
    bypass_ = true;
    deferred_begin_ = std::move(begin);
    put_back_ = std::move(messages);
}

bool Session::away() const { return pool_->away(); }

LocalError Session::unavailable(const base::Now& now) const { return pool_->unavailable(now); }

// ---- the spool

void Session::spool(model::SpoolEntry entry, const base::Now&) {
    stop_ = Stop::Spool;
    spool_token_ = plane_.spool(*this, std::move(entry));
}

void Session::spooled(const model::SpoolVerdict& verdict, const base::Now& now) {
    if (stop_ != Stop::Spool || !standin_) return;
    stop_ = Stop::None;
    spool_token_ = 0;
    standin_->stored(verdict, now);
    if (state_ != State::Ready) return;
    set_reading(true);
    consume_held(now);
}

void Session::rolled_back_here(std::string_view answer, std::string rest) {
    transaction_ = TransactionStatus::Idle;
    relay(base::as_bytes(answer));
    put_back_ = std::move(rest);
}

void Session::stood_in(TransactionStatus status, std::string_view answer, const base::Now& now) {
    transaction_ = status;
    relay(base::as_bytes(answer));
    if (status == TransactionStatus::Idle) plane_.shard().transactions.add();
    if (draining_) drain(now);
}

void Session::record_local(const model::StatementShapePtr& shape, std::int64_t started_ns,
                           std::int64_t started_us, const base::Now& now) {
    Expected item;
    item.owner = this;
    item.shape = shape;
    item.start_mono_ns = started_ns;
    item.start_wall_us = started_us;
    plane_.recorder().succeeded(item, source_, -1, now);
}

// ---- strict durability of records

void Session::hold_answer(const model::StatementShapePtr& shape) {
    using Kind = model::StatementKind;
    Kind kind = shape ? shape->kind : Kind::Unknown;
    bool writes = kind == Kind::Insert || kind == Kind::Update || kind == Kind::Delete ||
                  kind == Kind::Merge || kind == Kind::Ddl || kind == Kind::Copy ||
                  kind == Kind::Call || kind == Kind::Prepare || kind == Kind::Unknown;
    bool all = plane_.settings().audit.level == config::AuditLevel::All;
    if (!writes && !all) return;
    record_awaited_ = plane_.recorder().sequence();
    plane_.wait_for_record(*this);
}

void Session::record_stored(bool stored, const base::Now& now) {
    record_awaited_ = 0;
    std::string answer = std::move(held_answer_);
    held_answer_.clear();
    if (channel_ == nullptr) return;
    if (!stored) {
        LocalError error;
        error.sqlstate = protocol::sqlstate::kSystemError;
        error.message = "The statement was carried out, but its record could not be stored.";
        error.detail = "audit.durability is strict, so it is not answered as if it had been.";
        error.hint =
            "See the log of pgsidecar; look for the statement's effect before you repeat it.";
        return end(error.fatal(), now);
    }
    channel_->send(base::as_bytes(answer));
    if (upstream_ != nullptr && channel_->unsent() <= plane_.buffer_limit())
        upstream_->set_reading(true);
}

model::SpoolContextPtr Session::spool_context() {
    if (spool_context_ && spool_settings_ == settings_) return spool_context_;
    auto made = std::make_unique<model::SpoolContext>();
    made->user = source_->user;
    made->database = source_->database;
    made->service = source_->service;
    made->session_id = source_->session_id;
    made->settings = settings_->values;
    spool_settings_ = settings_;
    spool_context_ = model::SpoolContextPtr(made.release());
    return spool_context_;
}

bool Session::wants_notices() const {
    if (plane_.settings().outage.notice == config::Toggle::Off || plane_.mock()) return false;
    for (const auto& [name, value] : settings_->values) {
        if (name == "client_min_messages") return value != "warning" && value != "error";
    }
    return true;
}

std::vector<std::uint32_t> Session::known_types(const PreparedStatement& statement) const {
    auto learned = statement.learned_types();
    return learned.empty() ? statement.type_oids() : learned;
}

std::vector<std::uint32_t> Session::parameter_types(const PreparedStatement& statement) const {
    std::vector<std::uint32_t> types = known_types(statement);
    if (!statement.learned_types().empty()) return types;
    auto insert = sql::insert_parameters(statement.text());
    auto schema = plane_.schema(source_->database);
    const model::LearnedTable* table = nullptr;
    if (schema) {
        for (const auto& known : schema->tables) {
            bool right_schema = insert.schema.empty() || insert.schema == known.schema;
            if (right_schema && known.name == insert.table) table = &known;
        }
    }
    types.resize(std::max(types.size(), insert.parameters.size()), 0);
    for (std::size_t i = 0; i < insert.parameters.size(); ++i) {
        const auto& parameter = insert.parameters[i];
        if (types[i] != 0) continue;
        types[i] = parameter.type;
        if (parameter.cast || table == nullptr) continue;
        for (std::size_t c = 0; c < table->columns.size(); ++c) {
            bool by_name = table->columns[c].first == parameter.column;
            if (by_name || parameter.position == c) types[i] = table->columns[c].second;
        }
    }
    for (auto& type : types) {
        if (type == 0) type = kTextOid;  // what the server takes an untyped value for
    }
    return types;
}

}  // namespace pgsidecar::proxy
