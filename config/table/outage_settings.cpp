#include "config/table/field.hpp"

namespace pgsidecar::config::table {
namespace {

constexpr std::int64_t kDayMs = 86'400'000;
constexpr std::int64_t kMebibyte = 1'048'576;
constexpr std::int64_t kTebibyte = kMebibyte * kMebibyte;

using Outage = Settings::Outage;

std::vector<Setting> rules() {
    return {
        {.key = "outage.policy",
         .field = field<&Settings::outage, &Outage::policy>(),
         .reloadable = true,
         .summary = "Rules TABLE[:VERB][@SERVICE]=CLASS, separated by commas, in front of the "
                    "built-in ones; * stands for any; CLASS is durable, queue, buffer, hold or "
                    "reject."},
        {.key = "outage.notice",
         .field = field<&Settings::outage, &Outage::notice>(),
         .reloadable = true,
         .summary = "Whether a client is told by a NOTICE that its write was queued."},
        {.key = "outage.queue_after_ms",
         .field = field<&Settings::outage, &Outage::queue_after_ms>(),
         .max = 60'000,
         .unit = "ms",
         .reloadable = true,
         .summary = "How long a queueable write waits for a connection when none is left, before "
                    "it is queued."},
        {.key = "outage.flush_wait_ms",
         .field = field<&Settings::outage, &Outage::flush_wait_ms>(),
         .max = kDayMs,
         .unit = "ms",
         .reloadable = true,
         .summary = "How long a statement on a table with queued writes waits until they are "
                    "applied, before it is refused."},
        {.key = "outage.max_held",
         .field = field<&Settings::outage, &Outage::max_held>(),
         .max = 1'000'000,
         .reloadable = true,
         .summary = "How many statements of a worker may wait for the database to come back; "
                    "further ones are refused at once."},
        {.key = "outage.max_held_bytes",
         .field = field<&Settings::outage, &Outage::max_held_bytes>(),
         .max = kTebibyte,
         .unit = "bytes",
         .reloadable = true,
         .summary = "How many bytes of statements of a worker may wait for the database to come "
                    "back."},
    };
}

std::vector<Setting> spool() {
    return {
        {.key = "outage.spool_dir",
         .field = field<&Settings::outage, &Outage::spool_dir>(),
         .summary = "The folder of the spool; empty for one of its own below $STATE_DIRECTORY, "
                    "$XDG_STATE_HOME or ~/.local/state; off for none, and nothing is queued."},
        {.key = "outage.spool_max_bytes",
         .field = field<&Settings::outage, &Outage::spool_max_bytes>(),
         .min = kMebibyte,
         .max = kTebibyte,
         .unit = "bytes",
         .summary = "How large queued writes may get together; further ones are refused."},
        {.key = "outage.spool_max_entries",
         .field = field<&Settings::outage, &Outage::spool_max_entries>(),
         .min = 1,
         .max = 1'000'000'000,
         .summary = "How many queued writes may wait; further ones are refused."},
        {.key = "outage.disk_reserve_bytes",
         .field = field<&Settings::outage, &Outage::disk_reserve_bytes>(),
         .max = kTebibyte,
         .unit = "bytes",
         .summary = "How much the spool leaves free on its disk; below it nothing is taken."},
        {.key = "outage.max_entry_bytes",
         .field = field<&Settings::outage, &Outage::max_entry_bytes>(),
         .min = 1'024,
         .max = 1'024 * kMebibyte,
         .unit = "bytes",
         .summary = "The largest write, or transaction of writes, that is queued."},
        {.key = "outage.queue_max_entries",
         .field = field<&Settings::outage, &Outage::queue_max_entries>(),
         .min = 1,
         .max = 1'000'000'000,
         .summary = "How many writes of class queue may wait."},
        {.key = "outage.queue_max_age_ms",
         .field = field<&Settings::outage, &Outage::queue_max_age_ms>(),
         .max = 3'650 * kDayMs,
         .unit = "ms",
         .summary = "Older writes of class queue go to the dead letters instead of the database; 0 "
                    "for no limit."},
        {.key = "outage.buffer_max_bytes",
         .field = field<&Settings::outage, &Outage::buffer_max_bytes>(),
         .min = 1'024,
         .max = kTebibyte,
         .unit = "bytes",
         .summary = "How large writes of class buffer may get together; the oldest are dropped."},
        {.key = "outage.commit_max_entries",
         .field = field<&Settings::outage, &Outage::commit_max_entries>(),
         .min = 1,
         .max = 100'000,
         .summary = "How many writes one fsync may cover."},
    };
}

std::vector<Setting> flush() {
    return {
        {.key = "outage.flush_batch_entries",
         .field = field<&Settings::outage, &Outage::flush_batch_entries>(),
         .min = 1,
         .max = 100'000,
         .summary = "How many queued writes one transaction of the flush applies."},
        {.key = "outage.flush_batch_bytes",
         .field = field<&Settings::outage, &Outage::flush_batch_bytes>(),
         .min = 1'024,
         .max = 1'024 * kMebibyte,
         .unit = "bytes",
         .summary = "How many bytes of queued writes one transaction of the flush applies."},
        {.key = "outage.flush_retry_ms",
         .field = field<&Settings::outage, &Outage::flush_retry_ms>(),
         .min = 10,
         .max = kDayMs,
         .unit = "ms",
         .summary = "How long the flush waits after a failure that is not a queued write's own."},
        {.key = "outage.create_schema",
         .field = field<&Settings::outage, &Outage::create_schema>(),
         .summary = "Whether the schema pgsidecar (ledger, operations) is made in the database "
                    "where it is missing."},
    };
}

using Audit = Settings::Audit;

std::vector<Setting> operation_log() {
    return {
        {.key = "audit.level",
         .field = field<&Settings::audit, &Audit::level>(),
         .summary = "Which operations go to the table pgsidecar.operations: none, those that "
                    "write, or all."},
        {.key = "audit.durability",
         .field = field<&Settings::audit, &Audit::durability>(),
         .summary = "batch: a record is on disk within audit.batch_interval_ms; strict: before "
                    "the client has its answer."},
        {.key = "audit.batch_interval_ms",
         .field = field<&Settings::audit, &Audit::batch_interval_ms>(),
         .min = 1,
         .max = 100,
         .unit = "ms",
         .summary = "How often records are written to the spool."},
        {.key = "audit.flush_interval_ms",
         .field = field<&Settings::audit, &Audit::flush_interval_ms>(),
         .min = 10,
         .max = 60'000,
         .unit = "ms",
         .summary = "How often records go from the spool to the database."},
        {.key = "audit.spool_max_bytes",
         .field = field<&Settings::audit, &Audit::spool_max_bytes>(),
         .min = kMebibyte,
         .max = kTebibyte,
         .unit = "bytes",
         .summary = "How many bytes of records may wait for the database; the oldest are dropped "
                    "and counted."},
    };
}

}  // namespace

std::vector<Setting> outage_settings() {
    std::vector<Setting> all;
    for (auto part : {rules(), spool(), flush(), operation_log()})
        all.insert(all.end(), part.begin(), part.end());
    return all;
}

}  // namespace pgsidecar::config::table
