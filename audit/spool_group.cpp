#include "audit/spool_group.hpp"

#include <type_traits>
#include <variant>

#include "audit/spool_learned.hpp"
#include "audit/spool_rows.hpp"

namespace pgsidecar::audit {
namespace {

using model::OutageClass;
using model::SpoolVerdict;
using Reason = model::SpoolVerdict::Reason;

// SQLite takes no value over 1,000,000,000 bytes, and a row is one to it.
constexpr std::uint64_t kMaxRowBytes = 999'000'000;

SpoolVerdict verdict_of(bool done) {
    return done ? SpoolVerdict{} : SpoolVerdict{Reason::Failed, 0, {}};
}

std::string limit_text(std::string_view what, std::int64_t limit, std::string_view setting) {
    return std::string(what) + ", its limit is " + std::to_string(limit) + " (" +
           std::string(setting) + ").";
}

bool over(std::uint64_t value, std::int64_t limit) {
    return limit < 0 || value > static_cast<std::uint64_t>(limit);
}

}  // namespace

void SpoolTotals::add(const SpoolTotals& other) {
    appended += other.appended;
    settled += other.settled;
    buffer_dropped += other.buffer_dropped;
    refused += other.refused;
    records_dropped += other.records_dropped;
}

/// Each returns nothing when the file failed.
struct SpoolGroup::Visitor {
    SpoolGroup& group;
    using Outcome = std::optional<SpoolVerdict>;

    Outcome operator()(const spool_request::Append& request) const {
        auto outcome = group.refusal_.stored() ? group.take(request.entry) : group.refusal_;
        if (outcome) ++(outcome->stored() ? group.totals_.appended : group.totals_.refused);
        return outcome;
    }
    Outcome operator()(const spool_request::AppendRecords& request) const {
        const auto done = group.refusal_.stored() ? group.take_records(request) : false;
        if (!done) return std::nullopt;
        if (!*done) group.totals_.records_dropped += request.count;
        return verdict_of(*done);
    }
    Outcome operator()(const spool_request::Settle& request) const {
        group.settles_ = true;
        const auto before = group.file_.counts().state.waiting;
        if (!group.file_.settle(request.through)) return std::nullopt;
        group.totals_.settled += before - group.file_.counts().state.waiting;
        return SpoolVerdict{};
    }
    Outcome operator()(const spool_request::Bury& request) const {
        DeadLetter letter;
        letter.stored.sequence = request.sequence;
        letter.sqlstate = request.sqlstate;
        letter.message = request.message;
        letter.died_us = group.now_.wall_us;
        return good(group.file_.bury(letter));
    }
    Outcome operator()(const spool_request::SettleRecords& request) const {
        return good(group.file_.settle_records(request.through));
    }
    Outcome operator()(const spool_request::Retry& request) const {
        const auto done = group.file_.retry(request.sequence);
        return done ? Outcome(verdict_of(*done)) : std::nullopt;
    }
    Outcome operator()(const spool_request::Discard& request) const {
        const auto done = group.file_.discard(request.sequence);
        return done ? Outcome(verdict_of(*done)) : std::nullopt;
    }
    Outcome operator()(const spool_request::RememberServer& request) const {
        return good(store_learned(group.file_.connection(), request.server));
    }
    Outcome operator()(const spool_request::RememberSchema& request) const {
        return good(store_learned(group.file_.connection(), request.schema));
    }
    template <class Read>
    Outcome operator()(const Read&) const {
        return SpoolVerdict{};  // reads are answered apart
    }

    static Outcome good(bool done) { return done ? Outcome(SpoolVerdict{}) : std::nullopt; }
};

SpoolGroup::SpoolGroup(const Spool::Options& options, SpoolFile& file, base::Now now,
                       const SpoolVerdict& refusal)
    : options_(options), file_(file), now_(now), refusal_(refusal) {}

bool SpoolGroup::apply(const spool_request::Any& request) {
    auto outcome = std::visit(Visitor{*this}, request);
    if (!outcome) return false;
    verdicts_.push_back(std::move(*outcome));
    return true;
}

void SpoolGroup::fail(const SpoolVerdict& verdict, std::size_t requests) {
    verdicts_.assign(requests, verdict);
    totals_ = {};
}

std::optional<SpoolVerdict> SpoolGroup::take(const model::SpoolEntry& entry) {
    if (entry.statements.empty() || !entry.context || !model::is_spooled(entry.outage_class))
        return SpoolVerdict{Reason::Failed, 0, "There is nothing in it that can be queued."};
    const std::uint64_t bytes = spool_bytes(entry);
    if (over(bytes, options_.max_entry_bytes) || bytes > kMaxRowBytes)
        return SpoolVerdict{Reason::EntryTooBig, 0,
                            limit_text("It has " + std::to_string(bytes) + " bytes",
                                       options_.max_entry_bytes, "outage.max_entry_bytes")};
    if (entry.outage_class == OutageClass::Buffer && !make_room(entry, bytes)) return std::nullopt;
    if (auto refused = limit_of(entry, bytes); !refused.stored()) return refused;
    const auto sequence = file_.append(entry, now_.wall_us);
    if (!sequence) return std::nullopt;
    return SpoolVerdict{Reason::Stored, *sequence, {}};
}

SpoolVerdict SpoolGroup::limit_of(const model::SpoolEntry& entry, std::uint64_t bytes) const {
    const auto& counts = file_.counts();
    if (over(counts.state.waiting + 1, options_.max_entries))
        return {Reason::Full, 0,
                limit_text(std::to_string(counts.state.waiting) + " queued writes wait",
                           options_.max_entries, "outage.spool_max_entries")};
    if (entry.outage_class == OutageClass::Queue &&
        over(counts.queue_entries + 1, options_.queue_max_entries))
        return {Reason::Full, 0,
                limit_text(std::to_string(counts.queue_entries) + " writes of class queue wait",
                           options_.queue_max_entries, "outage.queue_max_entries")};
    if (entry.outage_class == OutageClass::Buffer &&
        over(file_.buffered().bytes() + bytes, options_.buffer_max_bytes))
        return {Reason::EntryTooBig, 0,
                limit_text("It has " + std::to_string(bytes) + " bytes", options_.buffer_max_bytes,
                           "outage.buffer_max_bytes")};
    const std::uint64_t held = counts.bytes + counts.dead_bytes;
    if (over(held + bytes, options_.max_bytes))
        return {Reason::Full, 0,
                limit_text(std::to_string(counts.bytes) + " bytes of queued writes wait and " +
                               std::to_string(counts.dead_bytes) + " bytes are in dead letters",
                           options_.max_bytes, "outage.spool_max_bytes")};
    return {};
}

bool SpoolGroup::make_room(const model::SpoolEntry& entry, std::uint64_t bytes) {
    if (over(bytes, options_.buffer_max_bytes)) return true;  // no room would be enough
    const auto full = [&] {
        return over(file_.buffered().bytes() + bytes, options_.buffer_max_bytes) ||
               !limit_of(entry, bytes).stored();
    };
    while (!file_.buffered().empty() && full()) {
        if (!file_.drop_oldest_buffered()) return false;
        ++totals_.buffer_dropped;
    }
    return true;
}

std::optional<bool> SpoolGroup::take_records(const spool_request::AppendRecords& request) {
    if (over(request.body.size(), options_.records_max_bytes) || request.body.size() > kMaxRowBytes)
        return false;
    while (over(file_.counts().record_bytes + request.body.size(), options_.records_max_bytes)) {
        const auto dropped = file_.drop_oldest_records();
        if (!dropped) return std::nullopt;
        totals_.records_dropped += *dropped;
    }
    if (!file_.append_records(request.body, request.count)) return std::nullopt;
    return true;
}

void tell(const spool_request::Any& request, const SpoolVerdict& verdict) {
    std::visit(
        [&verdict](const auto& known) {
            using Kind = std::decay_t<decltype(known)>;
            if constexpr (std::is_same_v<Kind, spool_request::Append>) {
                if (known.done) known.done(verdict);
            } else if constexpr (requires { known.done(true); }) {
                if (known.done) known.done(verdict.stored());
            }
        },
        request);
}

}  // namespace pgsidecar::audit
