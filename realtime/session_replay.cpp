// What is sent out of the replay ring, and what the data lane takes; a session's life is in
// session.cpp.
#include <algorithm>
#include <utility>

#include "model/json_object.hpp"
#include "realtime/session.hpp"

namespace pgsidecar::realtime {
namespace {

/// One turn's share of the ring, so that a replay of much that does not match keeps nobody waiting.
constexpr int kItemsPerTurn = 2'000;

std::string joined(std::string members, model::JsonObject& more) {
    std::string tail = more.finish();
    if (members.size() <= 2) return tail;
    members.back() = ',';
    return members + tail.substr(1);
}

}  // namespace

void Session::resume(const Request& request) { start_replay(request, "{}"); }

void Session::start_replay(const Request& request, std::string result) {
    if (replay_) {
        return refuse(request.id,
                      {"RATE_LIMITED", "Another replay of this socket is under way.", 100});
    }
    const Position& position = *request.position;
    bool other = position.epoch != hub_.epoch() || position.seq > hub_.head();
    if (other || position.seq + 1 < hub_.ring().floor()) {
        model::JsonObject more;
        more.add("recovered", false).add("head", hub_.head());
        reply(request.id, joined(std::move(result), more));
        FeedCounters::add(hub_.counters().gaps);
        return send(gap_frame({other ? "epoch-changed" : "too-old", hub_.epoch(), position.seq,
                               hub_.head(), request.channels}));
    }
    Replay replay;
    replay.id = request.id;
    replay.until = hub_.head();
    replay.only.insert(request.channels.begin(), request.channels.end());
    replay.result = std::move(result);
    Seq live_from = cursor_ ? cursor_->live_from : hub_.head() + 1;
    if (cursor_ && cursor_->next > live_from) live_from = cursor_->next;
    cursor_ = Cursor{position.seq + 1, live_from};
    replay_ = std::move(replay);
    wake_();
}

void Session::finish_replay() {
    model::JsonObject more;
    more.add("recovered", true).add("replayed", replay_->sent).add("head", hub_.head());
    std::string id = std::move(replay_->id);
    std::string result = joined(std::move(replay_->result), more);
    replay_.reset();
    // On the data lane, behind what was replayed.
    queue_.feed_data(reply_frame(id, result));
}

void Session::catch_up() {
    if (!cursor_ && !queue_.lagging() && missed_rooms_.empty()) return;
    if (!queue_.may_feed()) return;
    queue_.catch_up();
    for (int i = 0; i < kItemsPerTurn && cursor_ && queue_.may_feed(); ++i) {
        if (replay_ && cursor_->next > replay_->until) finish_replay();
        Seq floor = hub_.ring().floor();
        if (cursor_->next < floor) {
            lose(cursor_->next, floor - 1);
            cursor_->next = floor;
            continue;
        }
        auto item = hub_.ring().at_least(cursor_->next);
        if (!item) {
            if (replay_) finish_replay();
            cursor_.reset();
            break;
        }
        cursor_->next = item->seq + 1;
        bool replayed = replay_ && item->seq <= replay_->until;
        // Control frames went out live; only a replay brings them again.
        bool live = item->seq >= cursor_->live_from && item->kind != FeedItem::Kind::Database;
        if (!live && !replayed) continue;
        const auto* only = live || replay_->only.empty() ? nullptr : &replay_->only;
        if (wants(*item, only)) push_item(*item, replayed, only);
    }
    make_up_for_rooms();
    if (cursor_ && queue_.may_feed()) wake_();
}

bool Session::wants(const FeedItem& item, const Subscriptions::Names* only) const {
    // A change's own channel is its table's, whatever channel it was subscribed to by.
    if (item.change) return !subscriptions_.matching(*item.change, only).empty();
    if (only != nullptr && !only->contains(item.channel) &&
        !only->contains(ChannelNames::base_of(item.channel)) && !only->contains("*"))
        return false;
    switch (item.kind) {
        case FeedItem::Kind::Database: return subscriptions_.find(item.channel) != nullptr;
        case FeedItem::Kind::Broadcast: return hears_broadcast(item.channel, item.sender);
        case FeedItem::Kind::Event:
            return subscriptions_.find(item.channel) != nullptr ||
                   subscriptions_.find(ChannelNames::base_of(item.channel)) != nullptr ||
                   (subscriptions_.find("*") != nullptr && may_read(item.channel));
        case FeedItem::Kind::Change: break;
    }
    return false;
}

void Session::push_item(const FeedItem& item, bool replayed, const Subscriptions::Names* only) {
    if (item.change) return push_change(item, replayed, only);
    if (replayed) {
        ++replay_->sent;
        FeedCounters::add(hub_.counters().replayed);
    }
    queue_.feed_data(replayed ? as_replay(item.frame) : item.frame);
}

bool Session::within_transaction(const RowChange& change) {
    if (change.transaction() == 0) return true;
    bool within = false;
    for (auto& [name, subscription] : subscriptions_.channels()) {
        for (ChangeSpec& spec : subscription.changes) {
            if (!spec.wants(change)) continue;
            if (std::exchange(spec.transaction, change.transaction()) != change.transaction())
                spec.rows = 0;
            if (++spec.rows <= options_->max_transaction_rows) {
                within = true;
            } else if (spec.rows == options_->max_transaction_rows + 1) {
                FeedCounters::add(hub_.counters().gaps);
                queue_.feed_data(
                    gap_frame({"slow-consumer", hub_.epoch(), hub_.head(), hub_.head(), {name}}));
            }
        }
    }
    return within;
}

void Session::push_change(const FeedItem& item, bool replayed, const Subscriptions::Names* only) {
    // Asked for each row: a table may be guarded, or a token have lost a scope, since subscribing.
    if (!passes_guard(ChannelNames::table_of(item.channel))) return;
    if (!within_transaction(*item.change)) return;
    std::vector<Frame> frames;
    for (const auto& [select, subs] : subscriptions_.matching(*item.change, only))
        frames.push_back(item.change->frame(subs, select, replayed));
    if (frames.empty()) return;
    if (!cursor_) {
        // All or none, so that none comes twice.
        if (!queue_.push_data(std::move(frames))) cursor_ = Cursor{item.seq, item.seq};
        return;
    }
    for (Frame& frame : frames) {
        if (replayed) {
            ++replay_->sent;
            FeedCounters::add(hub_.counters().replayed);
        }
        queue_.feed_data(std::move(frame));
    }
}

void Session::push_data(const Publication& publication) {
    if (publication.sender == id_ && !hears_broadcast(publication.channel, id_)) return;
    if (publication.type == kPresenceDiff && !hears_presence(publication.channel)) return;
    if (publication.seq != 0) {
        // With a cursor the ring brings it.
        if (cursor_) return;
        if (publication.item != nullptr && publication.item->change) {
            return push_change(*publication.item, false, nullptr);
        }
        if (!queue_.push_data(publication.frame))
            cursor_ = Cursor{publication.seq, publication.seq};
        return;
    }
    if (!queue_.push_data(publication.frame)) missed_rooms_.emplace(publication.channel);
}

void Session::lose(Seq from, Seq to) {
    FeedCounters::add(hub_.counters().gaps);
    queue_.feed_data(gap_frame({"slow-consumer", hub_.epoch(), from, to, {}}));
}

}  // namespace pgsidecar::realtime
