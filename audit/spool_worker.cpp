#include "audit/spool_worker.hpp"

#include "audit/spool_disk.hpp"

#include <algorithm>
#include <utility>
#include <variant>

#include "base/crash_point.hpp"

namespace pgsidecar::audit {
namespace {

using model::SpoolVerdict;
using Reason = model::SpoolVerdict::Reason;

/// The entries of a group with their tables, noted before their clients are told.
void accept_all(model::SpoolProgress& progress, std::span<spool_request::Any> requests,
                const std::vector<SpoolVerdict>& verdicts) {
    for (std::size_t i = 0; i < requests.size(); ++i) {
        const auto* append = std::get_if<spool_request::Append>(&requests[i]);
        if (append == nullptr || !verdicts[i].stored()) continue;
        for (const auto& statement : append->entry.statements)
            progress.accept(verdicts[i].sequence, statement.table);
    }
}

}  // namespace

SpoolWorker::SpoolWorker(const Spool::Options& options, model::SpoolProgress& progress,
                         OpenedSpool opened)
    : options_(options),
      progress_(progress),
      ages_(opened.file->counts().state.last_sequence + 1,
            options.clock ? options.clock() : base::read_clocks()),
      last_aged_(opened.file->counts().state.last_sequence),
      checkpoint_at_pages_(kSpoolCheckpointPages),
      next_look_(Clock::now()),
      reopen_wait_(options.reopen_interval_ms) {
    adopt(std::move(opened));
    SpoolBallast(options_.folder).hold();
    progress_.set_usable(true);
    thread_ = std::thread([this] { run(); });
}

void SpoolWorker::stop() {
    if (!thread_.joinable()) return;
    {
        std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_one();
    thread_.join();
}

void SpoolWorker::push(spool_request::Any request) {
    bool wake = false;
    {
        std::lock_guard lock(mutex_);
        queue_.push_back(std::move(request));
        wake = std::exchange(waiting_, false);
    }
    if (wake) wake_.notify_one();
}

SpoolStats SpoolWorker::stats() const {
    std::lock_guard lock(mutex_);
    return stats_;
}

base::Now SpoolWorker::now() const {
    return options_.clock ? options_.clock() : base::read_clocks();
}

void SpoolWorker::run() {
    bury_what_open_found();
    std::vector<spool_request::Any> requests;
    while (take(requests)) {
        process(requests);
        busy_since_look_ = busy_since_look_ || !requests.empty();
        requests.clear();
        if (file_) checkpoint_if_large();
        if (Clock::now() >= next_look_) look_around();
    }
}

bool SpoolWorker::take(std::vector<spool_request::Any>& out) {
    std::unique_lock lock(mutex_);
    while (queue_.empty() && !stopping_) {
        waiting_ = true;
        if (wake_.wait_until(lock, next_look_) == std::cv_status::timeout) break;
    }
    waiting_ = false;
    const auto most = static_cast<std::size_t>(std::max(1, options_.commit_max_entries));
    while (!queue_.empty() && out.size() < most) {
        out.push_back(std::move(queue_.front()));
        queue_.pop_front();
    }
    return !out.empty() || !stopping_;
}

void SpoolWorker::process(std::span<spool_request::Any> requests) {
    while (!requests.empty()) {
        const auto end = std::find_if(requests.begin(), requests.end(), spool_request::is_read);
        const auto writes = static_cast<std::size_t>(end - requests.begin());
        if (writes > 0) write(requests.first(writes));
        requests = requests.subspan(writes);
        if (requests.empty()) return;
        std::visit(
            [this](auto& request) {
                if constexpr (requires { answer(request); }) answer(request);
            },
            requests.front());
        requests = requests.subspan(1);
    }
}

void SpoolWorker::write(std::span<spool_request::Any> requests) {
    if (file_) watch_disk();
    const auto refused = refusal();
    if (!file_) return refuse(requests, refused);
    SpoolGroup group(options_, *file_, now(), refused);
    if (!commit(requests, group)) {
        ++commit_failures_;
        failed();
        return refuse(requests, refusal());
    }
    totals_.add(group.totals());
    accept_all(progress_, requests, group.verdicts());
    publish_progress();
    publish_stats();
    for (std::size_t i = 0; i < requests.size(); ++i) tell(requests[i], group.verdicts()[i]);
    if (group.settled()) base::crash_point("after-delete");
}

bool SpoolWorker::commit(std::span<spool_request::Any> requests, SpoolGroup& group) {
    const auto start = Clock::now();
    if (!file_->begin()) return false;
    for (const auto& request : requests)
        if (!group.apply(request)) return false;
    if (group.appended()) base::crash_point("before-fsync");
    if (group.settled()) base::crash_point("delete");
    if (!file_->commit()) return false;
    if (group.appended()) base::crash_point("after-fsync");
    ++commits_;
    last_commit_ns_ =
        std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - start).count();
    return true;
}

void SpoolWorker::refuse(std::span<spool_request::Any> requests, const SpoolVerdict& verdict) {
    for (const auto& request : requests) {
        if (std::holds_alternative<spool_request::Append>(request)) ++totals_.refused;
        if (const auto* records = std::get_if<spool_request::AppendRecords>(&request))
            totals_.records_dropped += records->count;
    }
    publish_stats();
    for (const auto& request : requests) tell(request, verdict);
}

SpoolVerdict SpoolWorker::refusal() const {
    switch (trouble_) {
        case Trouble::None: return {};
        case Trouble::DiskFull: return {Reason::DiskFull, 0, problem_};
        case Trouble::Busy: break;
        case Trouble::Failed:
            if (failed_for_room_) return {Reason::DiskFull, 0, problem_};
            break;
    }
    return {Reason::Failed, 0, problem_};
}

void SpoolWorker::publish_progress() {
    const auto last = file_->counts().state.last_sequence;
    if (last > last_aged_) ages_.accepted(last_aged_ + 1, now().mono_ns);
    last_aged_ = last;
    for (const auto& [sequence, table] : file_->retried()) progress_.accept(sequence, table);
    if (file_->changed() || !first_) first_ = file_->first();
    progress_.settle(first_ ? first_->sequence - 1 : last);
    ages_.forget_below(first_ ? first_->sequence : last);
}

void SpoolWorker::publish_stats() {
    std::lock_guard lock(mutex_);
    if (file_) {
        const auto& counts = file_->counts();
        stats_.entries = counts.state.waiting;
        stats_.bytes = counts.bytes;
        stats_.dead = counts.state.dead;
        stats_.records = counts.records;
        stats_.record_bytes = counts.record_bytes;
        stats_.oldest_us = first_ ? first_->accepted_us : 0;
    }
    stats_.appended_total = totals_.appended;
    stats_.settled_total = totals_.settled;
    stats_.buffer_dropped_total = totals_.buffer_dropped;
    stats_.refused_total = totals_.refused;
    stats_.records_dropped_total = totals_.records_dropped;
    stats_.commits_total = commits_;
    stats_.commit_failures_total = commit_failures_;
    stats_.last_commit_ns = last_commit_ns_;
    stats_.problem = problem_;
}

}  // namespace pgsidecar::audit
