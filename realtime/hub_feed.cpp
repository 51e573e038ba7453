// Events, row changes, broadcasts and presence; the database's own state is in hub.cpp.
#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "realtime/hub.hpp"

namespace pgsidecar::realtime {
namespace {

/// What an item weighs in the ring beside its texts.
constexpr std::size_t kItemBytes = 256;

bool known_action(std::string_view action) {
    return action == "created" || action == "updated" || action == "deleted";
}

bool known_verb(std::string_view verb) {
    return verb == "INSERT" || verb == "UPDATE" || verb == "DELETE" || verb == "TRUNCATE";
}

/// The element with type and id as strings; nothing when it has none.
std::optional<RowImage> read_element(std::string_view json) {
    auto element = RowImage::parse(json);
    if (!element) return std::nullopt;
    const RowField* type = element->find("type");
    const RowField* id = element->find("id");
    if (type == nullptr || id == nullptr || type->kind != RowField::Kind::String ||
        (id->kind != RowField::Kind::String && id->kind != RowField::Kind::Number))
        return std::nullopt;
    return element;
}

}  // namespace

void Hub::tick(base::Now now) {
    now_ns_ = now.mono_ns;
    wall_us_ = now.wall_us;
    ring_.expire(now.mono_ns);
    for (const std::string& room : std::exchange(held_diffs_, {})) send_diff(room);
    std::uint64_t subscriptions = 0;
    for (const auto& [name, list] : channels_) subscriptions += list.size();
    counters_.subscriptions.store(subscriptions, std::memory_order_relaxed);
    counters_.kept_messages.store(ring_.size(), std::memory_order_relaxed);
    counters_.kept_bytes.store(ring_.bytes(), std::memory_order_relaxed);
}

bool Hub::is_hidden(std::string_view schema, std::string_view table,
                    std::string_view column) const {
    for (const std::string& hidden : hidden_columns_) {
        std::size_t dot = hidden.rfind('.');
        if (std::string_view(hidden).substr(dot + 1) != column) continue;
        if (dot == std::string::npos) return true;
        std::string_view owner = std::string_view(hidden).substr(0, dot);
        bool full = owner.size() == schema.size() + 1 + table.size() && owner.starts_with(schema) &&
                    owner[schema.size()] == '.' && owner.ends_with(table);
        if (owner == table || full) return true;
    }
    return false;
}

void Hub::hide(RowImage& row, std::string_view schema, std::string_view table) const {
    row.erase_if([&](std::string_view column) { return is_hidden(schema, table, column); });
}

void Hub::hide(model::FeedEvent& event) const {
    if (!event.columns) return;
    auto hidden = [&](const model::FeedColumn& column) {
        return is_hidden(event.schema, event.table, column.name);
    };
    if (std::none_of(event.columns->begin(), event.columns->end(), hidden)) return;
    auto shown = std::make_shared<std::vector<model::FeedColumn>>(*event.columns);
    std::erase_if(*shown, hidden);
    event.columns = std::move(shown);
}

void Hub::publish_event(const model::FeedEvent& event) {
    FeedCounters::add(counters_.events);
    bool good = !event.channel.empty() || !event.table.empty();
    if (!event.channel.empty()) good = publish_element(event);
    if (!event.table.empty()) good = publish_change(event) && good;
    if (!good) FeedCounters::add(counters_.rejected);
}

bool Hub::publish_element(const model::FeedEvent& event) {
    auto kind = names_.kind_of(event.channel);
    if (kind == ChannelNames::Kind::Room) {
        // A database's JSON is JSON; it goes through the row reader only to be sure of it.
        std::string data;
        if (!event.element.empty()) {
            auto wrapped = RowImage::parse("{\"d\":" + event.element + "}");
            if (!wrapped || wrapped->fields().size() != 1) return false;
            data = wrapped->to_json({});
            data = data.substr(5, data.size() - 6);
        }
        if (event.action.empty() || event.action.size() > 255) return false;
        broadcast(event.channel, {event.action, std::move(data), {}, {}}, {});
        return true;
    }
    if (kind != ChannelNames::Kind::Event || !known_action(event.action)) return false;
    auto element = read_element(event.element);
    if (!element) return false;
    hide(*element, event.schema, event.table);
    element->make_text("id");
    Seq seq = ++head_;
    Frame frame = event_frame(event.channel, event.action, element->to_json({}), event.at_us, seq);
    const FeedItem& item =
        keep({FeedItem::Kind::Event, seq, event.channel, frame}, frame->size() + kItemBytes);
    deliver_event({Lane::Data, "event", event.channel, seq, 1, frame, &item});
    return true;
}

bool Hub::publish_change(const model::FeedEvent& event) {
    std::string channel = "db:" + event.schema + "." + event.table;
    if (!known_verb(event.verb) || names_.kind_of(channel) != ChannelNames::Kind::Table)
        return false;
    std::optional<RowImage> rows[2];
    const std::string* texts[2] = {&event.new_row, &event.old_row};
    for (int i = 0; i < 2; ++i) {
        if (texts[i]->empty()) continue;
        rows[i] = RowImage::parse(*texts[i]);
        if (!rows[i]) return false;
        hide(*rows[i], event.schema, event.table);
    }
    Seq seq = ++head_;
    std::size_t bytes = 2 * (event.new_row.size() + event.old_row.size()) + 2 * kItemBytes;
    model::FeedEvent shown = event;
    hide(shown);
    for (std::string* text : {&shown.element, &shown.new_row, &shown.old_row}) text->clear();
    auto change = std::make_shared<const RowChange>(std::move(shown), std::move(rows[0]),
                                                    std::move(rows[1]), seq);
    const FeedItem& item =
        keep({FeedItem::Kind::Change, seq, channel, nullptr, std::move(change), {}}, bytes);
    deliver({Lane::Data, "change", channel, seq, 1, nullptr, &item});
    item.change->forget_frames();
    return true;
}

void Hub::deliver_event(const Publication& publication) {
    ++delivery_;
    for (std::string_view channel :
         {publication.channel, ChannelNames::base_of(publication.channel), std::string_view("*")}) {
        auto found = channel.empty() ? channels_.end() : channels_.find(channel);
        if (found != channels_.end()) deliver_to(found->second, publication, channel == "*");
    }
}

void Hub::deliver_to(const std::vector<Subscriber*>& list, const Publication& publication,
                     bool check_rights) {
    for (Subscriber* subscriber : list) {
        if (subscriber->delivery_ == delivery_) continue;
        if (check_rights && !subscriber->may_read(publication.channel)) continue;
        subscriber->delivery_ = delivery_;
        subscriber->on_publication(publication);
    }
}

void Hub::broadcast(std::string_view room, const BroadcastText& text, std::string_view sender) {
    FeedCounters::add(counters_.broadcasts);
    if (!replay_broadcast_) {
        if (subscribers(room) == 0) return;
        deliver(
            {Lane::Data, "broadcast", room, 0, 1, broadcast_frame(room, text, 0), nullptr, sender});
        return;
    }
    Seq seq = ++head_;
    Frame frame = broadcast_frame(room, text, seq);
    const FeedItem& item = keep(
        {FeedItem::Kind::Broadcast, seq, std::string(room), frame, nullptr, std::string(sender)},
        frame->size() + kItemBytes);
    deliver({Lane::Data, "broadcast", room, seq, 1, frame, &item, sender});
}

void Hub::broadcast_to_all(const BroadcastText& text) {
    FeedCounters::add(counters_.broadcasts);
    Publication publication{Lane::Data, "broadcast", "*", 0, 1, broadcast_frame("*", text, 0)};
    for (Subscriber* subscriber : joined_) subscriber->on_publication(publication);
}

bool Hub::broadcast_inbox_event(std::string_view recipient, std::string_view action,
                                std::string_view element, std::int64_t wall_us) {
    model::FeedEvent event;
    event.channel = "inbox:" + std::string(recipient);
    event.action = action;
    event.element = element;
    event.at_us = wall_us;
    return publish_element(event);
}

void Hub::set_source(SourceState state) {
    if (state == source_) return;
    model::ChangeOrigin before = source_.origin;
    bool was_live = source_.live;
    const auto& guarded = state.guarded_tables;
    const auto& known = source_.guarded_tables;
    bool more_guarded = !std::includes(known.begin(), known.end(), guarded.begin(), guarded.end());
    source_ = std::move(state);
    if (more_guarded) {
        for (Subscriber* subscriber : joined_) subscriber->on_tables_guarded(wall_us_);
    }
    if (was_live && !source_.live) {
        Frame warning = source_warning();
        for (Subscriber* subscriber : joined_) subscriber->on_source_lost(warning);
    }
    if (before == source_.origin || before == model::ChangeOrigin::None) return;
    StreamGap gap{"source-switched", epoch_, head_, head_};
    for (Subscriber* subscriber : joined_) subscriber->on_gap(gap);
}

bool Hub::source_is_away() const {
    return source_.origin != model::ChangeOrigin::None && !source_.live;
}

Frame Hub::source_warning() const {
    return warning_frame("SOURCE_UNAVAILABLE",
                         "The source of events and row changes does not answer; what happens now "
                         "comes when it is back, or a stream:gap says that it is lost.",
                         wall_us_);
}

bool Hub::track(const std::string& session, const std::string& room, const std::string& key,
                std::string_view meta) {
    Presence& presence = rooms_[room].presence;
    bool good = presence.track(session, key, meta, "p" + std::to_string(++refs_), max_presences_);
    send_diff(room);
    return good;
}

bool Hub::untrack(const std::string& session, std::string_view room) {
    auto found = rooms_.find(room);
    if (found == rooms_.end() || !found->second.presence.untrack(session)) return false;
    send_diff(found->first);
    return true;
}

std::string Hub::presence_json(std::string_view room) const {
    auto found = rooms_.find(room);
    return found == rooms_.end() ? "{}" : found->second.presence.state_json();
}

void Hub::send_diff(const std::string& room) {
    auto found = rooms_.find(room);
    if (found == rooms_.end()) return;
    Room& state = found->second;
    if (state.presence.changed()) {
        // One diff between two ticks goes out at once; a storm of arrivals is merged.
        if (state.diff_sent_ns == now_ns_) {
            held_diffs_.insert(room);
            return;
        }
        state.diff_sent_ns = now_ns_;
        Frame frame = presence_diff_frame(room, state.presence.take_diff());
        deliver({Lane::Data, kPresenceDiff, room, 0, 1, std::move(frame)});
    }
    if (state.presence.empty()) rooms_.erase(found);
}

int Hub::sockets_of(std::string_view subject) const {
    auto found = subjects_.find(subject);
    return found == subjects_.end() ? 0 : found->second;
}

void Hub::count_subject(const std::string& subject, int change) {
    if (subject.empty()) return;
    if ((subjects_[subject] += change) <= 0) subjects_.erase(subject);
}

}  // namespace pgsidecar::realtime
