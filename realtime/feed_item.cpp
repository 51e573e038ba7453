#include "realtime/feed_item.hpp"

#include <algorithm>
#include <utility>

#include "base/clock.hpp"
#include "model/json_object.hpp"

namespace pgsidecar::realtime {
namespace {

/// Keeps a change's frames from piling up when every socket asks for something else.
constexpr std::size_t kMaxCachedFrames = 64;

std::string columns_json(const std::vector<model::FeedColumn>& columns,
                         const std::vector<std::string>& select) {
    std::string out = "[";
    for (const model::FeedColumn& column : columns) {
        bool wanted =
            select.empty() || std::find(select.begin(), select.end(), column.name) != select.end();
        if (!wanted) continue;
        model::JsonObject one;
        one.add("name", column.name).add("type", column.type);
        out += (out.size() > 1 ? "," : "") + one.finish();
    }
    return out + "]";
}

}  // namespace

RowChange::RowChange(model::FeedEvent event, std::optional<RowImage> new_row,
                     std::optional<RowImage> old_row, Seq seq)
    : event_(std::move(event)),
      new_row_(std::move(new_row)),
      old_row_(std::move(old_row)),
      seq_(seq) {}

const RowImage* RowChange::subject() const {
    const auto& row = event_.verb == "DELETE" ? old_row_ : new_row_;
    return row ? &*row : nullptr;
}

Frame RowChange::frame(const std::vector<int>& subs, const std::vector<std::string>& select,
                       bool replay) const {
    std::string list = "[";
    for (int sub : subs) list += (list.size() > 1 ? "," : "") + std::to_string(sub);
    list += ']';
    bool keeps = keeps_frames_ && !replay;
    std::string key;
    if (keeps) {
        key = list;
        for (const std::string& column : select) key += column + '\n';
        if (auto found = frames_.find(key); found != frames_.end()) return found->second;
    }
    model::JsonObject payload;
    payload.add_raw("sub", list)
        .add("eventType", event_.verb)
        .add("schema", event_.schema)
        .add("table", event_.table)
        .add("commitTimestamp", base::to_iso8601(event_.at_us));
    if (event_.transaction != 0) payload.add("xid", event_.transaction);
    if (new_row_) payload.add_raw("new", new_row_->to_json(select));
    if (old_row_) payload.add_raw("old", old_row_->to_json(select));
    if (event_.columns) payload.add_raw("columns", columns_json(*event_.columns, select));
    payload.add("source", model::to_string(event_.origin));
    model::JsonObject message;
    message.add("type", "change")
        .add("channel", "db:" + event_.schema + "." + event_.table)
        .add_raw("payload", payload.finish())
        .add("seq", seq_);
    if (replay) message.add("replay", true);
    auto frame = std::make_shared<const std::string>(message.finish());
    if (keeps && frames_.size() < kMaxCachedFrames) frames_.emplace(std::move(key), frame);
    return frame;
}

void RowChange::forget_frames() const {
    keeps_frames_ = false;
    frames_.clear();
}

}  // namespace pgsidecar::realtime
