#include "audit/flush_lane.hpp"

#include <span>
#include <utility>

#include "audit/flush_error.hpp"

namespace pgsidecar::audit {
namespace {

using Kind = FlushResult::Kind;

/// What the start-up packet means when it names no database.
const std::string& database_of(const model::SpoolContext& context) {
    return context.database.empty() ? context.user : context.database;
}

}  // namespace

FlushLane::FlushLane(asio::any_io_executor executor, std::string database, bool main,
                     std::unique_ptr<FlushTarget> target, SpoolReader& spool, Limits limits,
                     Hooks hooks, std::uint64_t start)
    : executor_(std::move(executor)),
      database_(std::move(database)),
      main_(main),
      target_(std::move(target)),
      spool_(spool),
      limits_(limits),
      hooks_(std::move(hooks)),
      position_(start) {}

asio::awaitable<FlushLane::End> FlushLane::step() {
    if (hooks_.stopping()) co_return End::Stopped;
    Batch batch = co_await take_batch();
    if (batch.empty()) {
        looked_through_ = ahead_accepted_;
        co_return End::Drained;
    }
    const std::uint64_t last = batch.back().sequence;
    if (batch.size() >= limits_.batch_entries) read_ahead(last);
    auto entries = choose(batch);
    const End end = co_await apply_all(std::move(entries));
    if (end != End::More) {
        co_await finish();
        co_return end;
    }
    position_ = last;
    co_return End::More;
}

asio::awaitable<FlushLane::Batch> FlushLane::take_batch() {
    if (ahead_ && ahead_after_ != position_) co_await finish();
    if (!ahead_) read_ahead(position_);
    Pending<Batch> pending = *std::exchange(ahead_, std::nullopt);
    co_return co_await pending.get();
}

asio::awaitable<void> FlushLane::finish() {
    if (!ahead_) co_return;
    Pending<Batch> pending = *std::exchange(ahead_, std::nullopt);
    co_await pending.get();
}

void FlushLane::read_ahead(std::uint64_t after) {
    ahead_.emplace(executor_);
    ahead_after_ = after;
    ahead_accepted_ = spool_.progress().accepted();
    spool_.read(after, limits_.batch_entries, limits_.batch_bytes, ahead_->callback());
}

std::vector<const StoredEntry*> FlushLane::choose(const Batch& batch) {
    std::vector<const StoredEntry*> mine;
    mine.reserve(batch.size());
    for (const auto& stored : batch) {
        const auto& context = stored.entry.context;
        if (!context) {
            // Nobody's: found to be damaged when it is applied.
            if (main_) mine.push_back(&stored);
        } else if (database_of(*context) == database_) {
            mine.push_back(&stored);
        } else {
            hooks_.on_other_database(database_of(*context));
        }
    }
    return mine;
}

asio::awaitable<FlushLane::End> FlushLane::apply_all(std::vector<const StoredEntry*> entries) {
    FlushBatch plan(entries.size());
    refusals_.clear();
    for (;;) {
        if (hooks_.stopping()) co_return End::Stopped;
        const FlushBatch::Step next = plan.next();
        End end = End::More;
        switch (next.kind) {
            case FlushBatch::Step::Kind::Done: co_return End::More;
            case FlushBatch::Step::Kind::Apply: end = co_await apply_range(entries, plan); break;
            case FlushBatch::Step::Kind::Bury:
                end = co_await bury(*entries[next.begin], refusals_[next.begin]);
                if (end == End::More) plan.done();
                break;
        }
        if (end != End::More) co_return end;
    }
}

asio::awaitable<FlushLane::End> FlushLane::apply_range(
    const std::vector<const StoredEntry*>& entries, FlushBatch& plan) {
    const FlushBatch::Step range = plan.next();
    const FlushTarget::Entries part =
        std::span(entries).subspan(range.begin, range.end - range.begin);
    FlushResult result = co_await target_->apply(part);
    switch (result.kind) {
        case Kind::Committed:
            plan.done();
            if (result.applied > 0) hooks_.on_applied(result.applied);
            co_return End::More;
        case Kind::EntryRefused: {
            const std::size_t at = range.begin + result.position;
            if (!is_guilty(entries[at]->sequence, result.error)) break;
            refusals_[at] = result.error;
            plan.refused(at);
            co_return End::More;
        }
        case Kind::CommitRefused:
            if (!is_guilty(entries[range.begin]->sequence, result.error)) break;
            refusals_[range.begin] = result.error;
            plan.commit_refused();
            co_return End::More;
        case Kind::Trouble: break;
    }
    co_return trouble(std::move(result.error));
}

bool FlushLane::is_guilty(std::uint64_t sequence, const db::Error& error) {
    if (fault_of(error.sqlstate) == FlushFault::Entry) return true;
    // A client's database that has gone; PgFlushTarget tells no other such error as the entry's.
    if (error.sqlstate == "3D000") return true;
    if (unclear_sequence_ != sequence) unclear_count_ = 0;
    unclear_sequence_ = sequence;
    return ++unclear_count_ >= limits_.unclear_attempts;
}

asio::awaitable<FlushLane::End> FlushLane::bury(const StoredEntry& stored, db::Error why) {
    Pending<bool> pending(executor_);
    spool_.bury(stored.sequence, why.sqlstate, why.message, pending.callback());
    const bool buried = co_await pending.get();
    if (!buried) {
        co_return trouble(model::other_error(
            "A queued write that the database refuses could not be put among the dead letters.",
            "Check the disk of outage.spool_dir and the log; it is tried again.", true));
    }
    hooks_.on_dead(stored, why);
    co_return End::More;
}

asio::awaitable<FlushLane::End> FlushLane::copy_records() {
    if (hooks_.stopping()) co_return End::Stopped;
    Pending<std::vector<StoredRecords>> pending(executor_);
    spool_.read_records(records_position_, limits_.record_bytes, pending.callback());
    const auto records = co_await pending.get();
    if (records.empty()) co_return End::Drained;
    FlushResult result = co_await target_->copy(records);
    if (result.kind != Kind::Committed) co_return trouble(std::move(result.error));
    records_position_ = records.back().sequence;
    Pending<bool> settled(executor_);
    spool_.settle_records(records_position_, settled.callback());
    const bool forgotten = co_await settled.get();
    hooks_.on_records(result.applied, result.dropped);
    // Kept ones do no harm: the ledger leaves them out. They only take room until a restart.
    std::size_t bytes = 0;
    for (const auto& stored : records) bytes += stored.body.size();
    co_return forgotten&& bytes >= limits_.record_bytes / 2 ? End::More : End::Drained;
}

FlushLane::End FlushLane::trouble(db::Error error) {
    error_ = std::move(error);
    return End::Trouble;
}

}  // namespace pgsidecar::audit
