#include "changes/proxy_writes.hpp"

namespace pgsidecar::changes {
namespace {

using model::StatementKind;
using model::TransactionVerb;

constexpr std::size_t kMaxOpen = 10'000;
constexpr std::size_t kMaxWrites = 256;
/// A session that ended inside a transaction never says so; after this its writes are forgotten.
constexpr std::int64_t kForgetUs = 3'600'000'000;

std::string verb_of(StatementKind kind) {
    switch (kind) {
        case StatementKind::Insert:
        case StatementKind::Copy: return "INSERT";
        case StatementKind::Update:
        case StatementKind::Merge: return "UPDATE";
        case StatementKind::Delete: return "DELETE";
        default: return {};
    }
}

/// COPY ... TO reads; its record has no count of rows that it changed.
bool wrote(const model::OperationRecord& record) {
    if (record.shape->kind != StatementKind::Copy) return record.affected_rows != 0;
    return record.shape->text.find(" FROM ") != std::string::npos ||
           record.shape->text.find(" from ") != std::string::npos;
}

}  // namespace

void ProxyWrites::note(const model::OperationRecord& record, std::map<Write, std::int64_t>& seen) {
    if (!record.shape || !record.source || record.outcome != model::Outcome::Success) return;
    const std::int64_t ended_us = record.start_us + record.duration_ns / 1'000;
    auto open = open_.find(record.source.get());
    switch (record.shape->verb) {
        case TransactionVerb::Begin:
            if (open == open_.end() && open_.size() < kMaxOpen)
                open_.emplace(record.source.get(), Open{record.source, {}, ended_us});
            return;
        case TransactionVerb::Commit:
            if (open == open_.end()) return;
            for (const Write& write : open->second.writes) seen[write] = ended_us;
            open_.erase(open);
            return;
        case TransactionVerb::Rollback:
            if (open != open_.end()) open_.erase(open);
            return;
        case TransactionVerb::None:
        case TransactionVerb::Savepoint:
        case TransactionVerb::Other: break;
    }
    std::string verb = verb_of(record.shape->kind);
    if (verb.empty() || record.shape->table.empty() || !wrote(record)) return;
    Write write{record.shape->table, std::move(verb)};
    if (open != open_.end() && open->second.writes.size() < kMaxWrites) {
        open->second.writes.insert(std::move(write));
    } else {
        seen[std::move(write)] = ended_us;
    }
}

void ProxyWrites::forget_old(std::int64_t now_us) {
    std::erase_if(
        open_, [now_us](const auto& entry) { return now_us - entry.second.since_us > kForgetUs; });
}

std::vector<model::FeedEvent> ProxyWrites::collect(std::span<const model::OperationRecord> batch) {
    std::map<Write, std::int64_t> seen;
    for (const auto& record : batch) note(record, seen);
    if (!batch.empty()) forget_old(batch.back().start_us);
    std::vector<model::FeedEvent> out;
    for (const auto& [write, at_us] : seen) {
        const auto& [table, verb] = write;
        std::size_t dot = table.find('.');
        model::FeedEvent event;
        event.schema = dot == std::string::npos ? "public" : table.substr(0, dot);
        event.table = dot == std::string::npos ? table : table.substr(dot + 1);
        event.verb = verb;
        event.at_us = at_us;
        event.origin = model::ChangeOrigin::Proxy;
        out.push_back(std::move(event));
    }
    return out;
}

}  // namespace pgsidecar::changes
