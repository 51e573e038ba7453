// The part of the desk that is about queued writes and dead letters.
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <memory>
#include <utility>

#include "app/page_desk.hpp"
#include "app/page_rows.hpp"
#include "audit/spool.hpp"

namespace pgsidecar::app {

using Fault = ws::DeskFault::Kind;

namespace {

constexpr std::size_t kListBytes = 1'048'576;

audit::BrowseQuery browse_query(const ws::QueueQuery& query, bool dead) {
    return {dead, query.after, query.limit, kListBytes};
}

void take(audit::Browsed found, bool dead, ws::QueuePage& page) {
    auto& rows = dead ? page.dead_letters : page.entries;
    for (auto& entry : found.entries) rows.push_back(queue_row(std::move(entry), dead));
    (dead ? page.more_dead_letters : page.more_entries) = found.more;
}

ws::DeskFault no_spool() {
    return {Fault::Unavailable, "There is no spool here, and so no dead letters."};
}

/// Why a dead letter was refused; what is there in place of it says it.
ws::DeskFault fault_of(std::uint64_t sequence, const audit::Browsed& found) {
    const std::string named = "Dead letter " + std::to_string(sequence);
    if (found.entries.empty() || found.entries.front().sequence != sequence)
        return {Fault::NotFound, named + " is not there; GET /api/queue lists them."};
    if (found.entries.front().damaged)
        return {Fault::Conflict, named + " is damaged and cannot be retried, only discarded."};
    return {Fault::Conflict, named +
                                 " could not be changed: the spool takes nothing at the "
                                 "moment. See problem in GET /api/queue."};
}

}  // namespace

ws::QueuePage PageDesk::queue_counts() const {
    ws::QueuePage page;
    const audit::SpoolStats spool = parts_.outage->spool_stats();
    const audit::FlushStatus flush = parts_.outage->status();
    page.enabled = parts_.outage->spool() != nullptr;
    page.problem = parts_.outage->problem();
    page.blocked = flush.blocked;
    page.waiting = spool.entries;
    page.dead = spool.dead;
    page.bytes = spool.bytes;
    page.applied_total = flush.applied_total;
    page.oldest_us = spool.oldest_us;
    page.flushing = flush.running;
    page.flush_per_second = flush.rate;
    return page;
}

void PageDesk::queue(const ws::QueueQuery& query, ws::DeskDone<ws::QueuePage> done) {
    asio::post(control_, [this, query, done = std::move(done)] {
        auto page = std::make_shared<ws::QueuePage>(queue_counts());
        audit::Spool* spool = stopped_ ? nullptr : parts_.outage->spool();
        if (spool == nullptr) return done(std::move(*page));
        auto dead = [spool, query, page, done] {
            if (!query.dead) return done(std::move(*page));
            spool->browse(browse_query(query, true), [page, done](audit::Browsed found) {
                take(std::move(found), true, *page);
                done(std::move(*page));
            });
        };
        if (!query.waiting) return dead();
        spool->browse(browse_query(query, false), [page, dead](audit::Browsed found) {
            take(std::move(found), false, *page);
            dead();
        });
    });
}

void PageDesk::order(const ws::DeadOrder& order, ws::DeskDone<ws::DeadReport> done) {
    asio::post(control_, [this, order, done = std::move(done)]() mutable {
        if (stopped_ || parts_.outage->spool() == nullptr) return done(no_spool());
        if (order.sequence != 0) return order_one(order, std::move(done));
        order_all(order, std::move(done));
    });
}

void PageDesk::order_one(const ws::DeadOrder& order, ws::DeskDone<ws::DeadReport> done) {
    const bool retry = order.verb == ws::DeadOrder::Verb::Retry;
    parts_.outage->change_dead(order.sequence, retry, [this, order, retry, done](bool changed) {
        note(retry ? "retry" : "discard", order.sequence, changed);
        audit::Spool* spool = parts_.outage->spool();
        if (changed) return done(ws::DeadReport{1, 0, spool->stats().dead});
        spool->browse(
            {true, order.sequence - 1, 1, kListBytes},
            [order, done](const audit::Browsed& found) { done(fault_of(order.sequence, found)); });
    });
}

void PageDesk::order_all(const ws::DeadOrder& order, ws::DeskDone<ws::DeadReport> done) {
    audit::Spool* spool = parts_.outage->spool();
    spool->browse({true, 0, order.limit, kListBytes},
                  [this, spool, order, done](const audit::Browsed& found) {
                      const bool retry = order.verb == ws::DeadOrder::Verb::Retry;
                      if (found.entries.empty()) return done(ws::DeadReport{});
                      // Changed on the spool's thread alone, as the answers come.
                      auto report = std::make_shared<ws::DeadReport>();
                      const std::uint64_t all = found.entries.size();
                      for (const auto& entry : found.entries) {
                          auto each = [this, spool, report, all, retry, done,
                                       sequence = entry.sequence](bool changed) {
                              note(retry ? "retry" : "discard", sequence, changed);
                              ++(changed ? report->done : report->refused);
                              if (report->done + report->refused < all) return;
                              report->remaining = spool->stats().dead;
                              done(*report);
                          };
                          parts_.outage->change_dead(entry.sequence, retry, std::move(each));
                      }
                  });
}

}  // namespace pgsidecar::app
