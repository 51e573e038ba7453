// Subscribing and unsubscribing; a session's life is in session.cpp.
#include <algorithm>
#include <utility>
#include <variant>

#include "model/json_object.hpp"
#include "realtime/session.hpp"

namespace pgsidecar::realtime {
namespace {

using Kind = ChannelNames::Kind;

std::optional<RequestError> unless(bool good, const std::string& scope) {
    if (good) return std::nullopt;
    return RequestError{"FORBIDDEN", "The token lacks the scope " + scope + "."};
}

std::pair<std::string, std::string> split_table(std::string_view channel) {
    std::string_view table = ChannelNames::table_of(channel);
    std::size_t dot = table.find('.');
    return {std::string(table.substr(0, dot)), std::string(table.substr(dot + 1))};
}

}  // namespace

std::optional<RequestError> Session::may_subscribe(const std::string& channel) const {
    switch (hub_.names().kind_of(channel)) {
        case Kind::Database: return unless(identity_->may("status:read"), "status:read");
        case Kind::Operations: return unless(identity_->may("operations:read"), "operations:read");
        case Kind::All: return std::nullopt;
        case Kind::Event:
        case Kind::Room:
            return unless(identity_->may_read_channel(channel), "channel:read:" + channel);
        case Kind::Table: {
            auto [schema, table] = split_table(channel);
            return unless(identity_->may_read_table(schema, table),
                          "changes:read:" + schema + "." + table);
        }
        case Kind::Unknown: break;
    }
    if (!valid_channel_name(channel)) {
        return RequestError{"BAD_CHANNEL",
                            "A channel name has 1 to 255 characters of A-Z a-z 0-9 _ . : @ / + -"};
    }
    return RequestError{"BAD_CHANNEL",
                        "There is no such channel; see feed.channels, or use room:NAME or "
                        "db:SCHEMA.TABLE."};
}

std::optional<RequestError> Session::make_spec(const ChangeRequest& wanted, ChangeSpec& out) const {
    std::string name = wanted.schema + "." + wanted.table;
    if (!identity_->may_read_table(wanted.schema, wanted.table)) {
        return unless(false, "changes:read:" + name);
    }
    if (hub_.names().kind_of("db:" + name) != Kind::Table) {
        return RequestError{"BAD_CHANNEL", "A table's name has the characters of a channel name."};
    }
    if (!passes_guard(name)) {
        return RequestError{"RLS_REQUIRED",
                            "The table has row level security; only a token with the scope "
                            "changes:bypass-rls may hear its changes here."};
    }
    auto filter = RowFilter::parse(wanted.filter, options_->filters);
    if (auto* fault = std::get_if<FilterFault>(&filter)) {
        return RequestError{fault->code, fault->message};
    }
    out.filter = std::move(std::get<RowFilter>(filter));
    const SourceState& source = hub_.source();
    bool blind = source.origin != model::ChangeOrigin::None && !source.sees_rows;
    if (!out.filter.empty() && blind) {
        return RequestError{"SOURCE_UNAVAILABLE",
                            "The source of changes sees no rows, so filters cannot be evaluated; "
                            "subscribe without one."};
    }
    out.event = wanted.event;
    out.schema = wanted.schema;
    out.table = wanted.table;
    out.select = wanted.select;
    return std::nullopt;
}

Session::WantedChanges Session::read_changes(const std::vector<ChangeRequest>& changes) const {
    if (changes.size() > options_->max_changes) {
        return RequestError{"LIMIT", "At most " + std::to_string(options_->max_changes) +
                                         " changes can be subscribed to at once."};
    }
    std::vector<ChangeSpec> out;
    for (const ChangeRequest& change : changes) {
        if (auto refused = make_spec(change, out.emplace_back())) return *refused;
    }
    return out;
}

std::size_t Session::specs_beside(const std::string& channel) const {
    std::size_t count = 0;
    for (const auto& [name, subscription] : subscriptions_.channels()) {
        if (name != channel) count += subscription.changes.size();
    }
    return count;
}

std::optional<RequestError> Session::try_subscribe(const std::string& channel,
                                                   const Request& request,
                                                   const WantedChanges& wanted) {
    if (auto refused = may_subscribe(channel)) return refused;
    auto& channels = subscriptions_.channels();
    if (!channels.contains(channel) && channels.size() >= options_->max_subscriptions) {
        return RequestError{"LIMIT",
                            "Too many subscriptions on this socket; unsubscribe from one first."};
    }
    if (const auto* refused = std::get_if<RequestError>(&wanted)) return *refused;
    const auto& specs = std::get<std::vector<ChangeSpec>>(wanted);
    Kind kind = hub_.names().kind_of(channel);
    bool whole_table = kind == Kind::Table && specs.empty();
    std::size_t more = whole_table ? 1 : specs.size();
    if (more != 0 && specs_beside(channel) + more > options_->max_subscriptions) {
        return RequestError{"LIMIT",
                            "Too many change subscriptions on this socket, at most " +
                                std::to_string(options_->max_subscriptions) +
                                " over all channels; ask for fewer, or unsubscribe first."};
    }
    Subscription made;
    made.changes = specs;
    if (whole_table) {
        auto [schema, table] = split_table(channel);
        if (auto refused = make_spec({"*", schema, table, {}, {}}, made.changes.emplace_back()))
            return refused;
    }
    for (ChangeSpec& spec : made.changes) spec.sub = ++last_sub_;
    made.echo_own = request.echo_own;
    made.presence = kind == Kind::Room && request.presence.value_or(true);
    made.presence_key = request.presence_key;
    // Subscribing again replaces what was asked for before.
    for (const std::string& topic : subscriptions_.remove(channel)) hub_.unsubscribe(*this, topic);
    for (const std::string& topic : Subscriptions::topics_of(channel, made))
        hub_.subscribe(*this, topic);
    channels.insert_or_assign(channel, std::move(made));
    return std::nullopt;
}

void Session::subscribe(const Request& request, base::Now now) {
    bool table = !request.changes.empty() ||
                 std::any_of(request.channels.begin(), request.channels.end(),
                             [](const std::string& channel) { return channel.starts_with("db:"); });
    if (request.wait && table && !hub_.source().live && request.wait_timeout_ms > 0) {
        waiting_.push_back({request, now.mono_ns + request.wait_timeout_ms * 1'000'000});
        ++unanswered_;
        return;
    }
    finish_subscribe(request, now);
}

void Session::check_waiting(base::Now now) {
    while (!waiting_.empty()) {
        bool live = hub_.source().live;
        auto due = std::find_if(waiting_.begin(), waiting_.end(), [&](const Waiting& waiting) {
            return live || now.mono_ns >= waiting.deadline_ns;
        });
        if (due == waiting_.end()) return;
        Request request = std::move(due->request);
        waiting_.erase(due);
        --unanswered_;
        if (live) {
            finish_subscribe(request, now);
        } else {
            refuse(request.id, {"SOURCE_UNAVAILABLE",
                                "The source of changes is not there yet; try again.", 1'000});
        }
        if (close_) return;
    }
}

std::string Session::subs_json(const std::string& channel) const {
    std::string out = "[";
    const Subscription* subscription = subscriptions_.find(channel);
    if (subscription != nullptr) {
        for (const ChangeSpec& spec : subscription->changes) {
            out += (out.size() > 1 ? "," : "") + std::to_string(spec.sub);
        }
    }
    return out + "]";
}

void Session::finish_subscribe(const Request& request, base::Now now) {
    std::vector<std::string> accepted;
    std::string refused = "[";
    std::optional<RequestError> first;
    const WantedChanges wanted = read_changes(request.changes);
    for (const std::string& channel : request.channels) {
        auto error = try_subscribe(channel, request, wanted);
        if (!error) {
            accepted.push_back(channel);
            continue;
        }
        model::JsonObject entry;
        entry.add("channel", channel).add("code", error->code).add("message", error->message);
        refused += (first ? "," : "") + entry.finish();
        if (!first) first = std::move(error);
    }
    if (accepted.empty() && first) return refuse(request.id, *first);
    model::JsonObject result;
    if (request.channel_list) {
        model::JsonObject numbers;
        for (const std::string& channel : accepted) numbers.add_raw(channel, subs_json(channel));
        result.add_raw("accepted", json_strings(accepted))
            .add_raw("refused", refused + "]")
            .add_raw("subs", numbers.finish());
    } else {
        result.add("channel", accepted.front()).add_raw("subs", subs_json(accepted.front()));
    }
    if (request.position) {
        start_replay(request, result.finish());
    } else {
        result.add("head", hub_.head());
        reply(request.id, result.finish());
    }
    for (const std::string& channel : accepted) send_presence_state(channel);
    auto hears = [this](const std::string& channel) { return hears_source(channel); };
    if (hub_.source_is_away() && std::any_of(accepted.begin(), accepted.end(), hears)) {
        send(hub_.source_warning());
    }
    warn_near_limit(now);
}

bool Session::hears_source(const std::string& channel) const {
    Kind kind = hub_.names().kind_of(channel);
    if (kind == Kind::Event || kind == Kind::All || kind == Kind::Table) return true;
    const Subscription* subscription = subscriptions_.find(channel);
    return subscription != nullptr && !subscription->changes.empty();
}

void Session::warn_near_limit(base::Now now) {
    std::size_t count = subscriptions_.channels().size(), most = options_->max_subscriptions;
    bool near = count * 10 >= most * 9;
    if (!near || near_limit_told_) {
        near_limit_told_ = near;
        return;
    }
    near_limit_told_ = true;
    send(warning_frame("NEAR_LIMIT",
                       std::to_string(count) + " of " + std::to_string(most) +
                           " subscriptions of this socket are in use.",
                       now.wall_us));
}

void Session::forget_channel(std::string_view channel) {
    std::string name(channel);
    hub_.untrack(id_, name);
    for (const std::string& topic : subscriptions_.remove(name)) hub_.unsubscribe(*this, topic);
}

void Session::unsubscribe(const Request& request) {
    const std::string& channel = request.channels.front();
    if (subscriptions_.find(channel) == nullptr) {
        return refuse(request.id,
                      {"NOT_SUBSCRIBED", "This socket is not subscribed to that channel."});
    }
    forget_channel(channel);
    model::JsonObject result;
    result.add("channel", channel);
    reply(request.id, result.finish());
}

}  // namespace pgsidecar::realtime
