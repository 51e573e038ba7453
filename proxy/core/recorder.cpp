#include "proxy/core/recorder.hpp"

#include <algorithm>
#include <cstring>

#include "model/error_text.hpp"

namespace pgsidecar::proxy {

namespace {

template <std::size_t N>
void copy_text(std::array<char, N>& to, std::string_view text) {
    std::size_t count = std::min(text.size(), N - 1);
    // Never leave half a UTF-8 character at the end.
    while (count > 0 && count < text.size() &&
           (static_cast<unsigned char>(text[count]) & 0xc0) == 0x80)
        --count;
    std::memcpy(to.data(), text.data(), count);
    to[count] = '\0';
}

}  // namespace

model::OperationRecord Recorder::begin(Expected& item, const model::OperationSourcePtr& source,
                                       const base::Now& now) {
    model::OperationRecord record;
    record.id = ids_.next(item.start_wall_us);
    record.sequence = ++sequence_;
    record.source = source;
    record.shape = item.shape;
    record.start_us = item.start_wall_us;
    record.duration_ns = std::max<std::int64_t>(0, now.mono_ns - item.start_mono_ns);
    record.pool_wait_ns = item.pool_wait_ns;
    record.rows_returned = item.rows;
    record.bytes_returned = item.bytes;
    return record;
}

void Recorder::finish(Expected& item, model::OperationRecord&& record, const base::Now& now) {
    auto kind = item.shape ? item.shape->kind : model::StatementKind::Unknown;
    shard_.queries[static_cast<std::size_t>(kind)].add();
    shard_.query_duration.observe(record.duration_ns);
    shard_.rows_returned.add(record.rows_returned);
    if (record.affected_rows > 0)
        shard_.rows_affected.add(static_cast<std::uint64_t>(record.affected_rows));
    shard_.operations_recorded.add();
    driver_.record(std::move(record));

    // The next statement of a simple Query begins where this one ended.
    item.start_mono_ns = now.mono_ns;
    item.start_wall_us = now.wall_us;
    item.pool_wait_ns = 0;
    item.rows = item.bytes = 0;
    if (item.all) {
        ++item.next;
        item.shape =
            item.next < item.all->size() ? (*item.all)[item.next] : model::StatementShapePtr();
    }
}

void Recorder::succeeded(Expected& item, const model::OperationSourcePtr& source,
                         std::int64_t affected, const base::Now& now) {
    auto record = begin(item, source, now);
    record.affected_rows = affected;
    finish(item, std::move(record), now);
}

void Recorder::failed(Expected& item, const model::OperationSourcePtr& source,
                      const protocol::ErrorFields& error, const base::Now& now) {
    auto record = begin(item, source, now);
    record.outcome = model::Outcome::Failure;
    std::string_view state =
        error.sqlstate.size() == 5 ? error.sqlstate : std::string_view("XX000");
    std::copy(state.begin(), state.end(), record.sqlstate.begin());
    // The server's message may quote values (K21); the record keeps a text that holds none.
    model::ServerErrorFields fields{state, error.message, error.constraint, error.table};
    copy_text(record.error,
              model::classify_server_error(fields, model::ErrorPhase::Statement).message);
    shard_.query_errors[metrics::sqlstate_class_slot(state)].add();
    finish(item, std::move(record), now);
}

void Recorder::lost(Expected& item, const model::OperationSourcePtr& source,
                    const LocalError& error, const base::Now& now) {
    auto record = begin(item, source, now);
    record.outcome = model::Outcome::Failure;
    std::copy_n(error.sqlstate.begin(), 5, record.sqlstate.begin());
    copy_text(record.error, error.message);
    shard_.query_errors[metrics::sqlstate_class_slot(error.sqlstate)].add();
    finish(item, std::move(record), now);
}

void Recorder::unknown(Expected& item, const model::OperationSourcePtr& source,
                       std::string_view why, const base::Now& now) {
    auto record = begin(item, source, now);
    record.outcome = model::Outcome::Unknown;
    record.sqlstate = {'0', '8', '0', '0', '7'};
    copy_text(record.error, why);
    shard_.query_errors[metrics::sqlstate_class_slot("08007")].add();
    finish(item, std::move(record), now);
}

}  // namespace pgsidecar::proxy
