#include "audit/spool_contexts.hpp"

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>
#include <utility>

#include "audit/spool_checksum.hpp"
#include "audit/spool_connection.hpp"
#include "audit/spool_state.hpp"
#include "audit/spool_text.hpp"

namespace pgsidecar::audit {
namespace {

constexpr std::size_t kMaxKnown = 4'096;
constexpr std::string_view kLastContext = "last_context";  // a key of the table meta

std::uint64_t checksum_of(std::int64_t id, const model::SpoolContext& context,
                          std::string_view settings) {
    return SpoolChecksum()
        .add(id)
        .add(context.user)
        .add(context.database)
        .add(context.service)
        .add(context.session_id)
        .add(settings)
        .value();
}

std::string settings_text(const model::SpoolContext& context) {
    SpoolLines lines;
    lines.reserve(context.settings.size());
    for (const auto& [name, value] : context.settings) lines.push_back({name, value});
    return to_spool_text(lines);
}

bool read_settings(std::string_view text, model::SpoolContext& out) {
    auto lines = spool_lines_from(text);
    if (!lines) return false;
    for (auto& line : *lines) {
        if (line.size() != 2) return false;
        out.settings.emplace_back(std::move(line[0]), std::move(line[1]));
    }
    return true;
}

}  // namespace

SpoolContexts::SpoolContexts(SpoolConnection& connection)
    : connection_(connection),
      insert_(connection, "INSERT INTO contexts VALUES(?, ?, ?, ?, ?, ?, ?)"),
      select_(connection,
              "SELECT user, database, service, session, settings, checksum FROM contexts "
              "WHERE id = ?"),
      highest_(connection, "SELECT coalesce(max(id), 0) FROM contexts") {}

std::optional<std::int64_t> SpoolContexts::store(const model::SpoolContextPtr& context) {
    if (const auto known = by_address_.find(context.get()); known != by_address_.end())
        return known->second.id;
    const auto last = last_id();
    if (!last) return std::nullopt;
    const std::int64_t id = *last + 1;
    const std::string settings = settings_text(*context);
    insert_.bind(id).text(context->user).text(context->database).text(context->service);
    insert_.text(context->session_id).text(settings).bind(checksum_of(id, *context, settings));
    if (!insert_.run()) return std::nullopt;
    last_id_ = id;
    ++stored_;
    if (by_address_.size() >= kMaxKnown) by_address_.clear();
    by_address_.emplace(context.get(), Known{context, id});
    return id;
}

std::optional<std::int64_t> SpoolContexts::last_id() {
    if (last_id_) return last_id_;
    if (!highest_.next()) return std::nullopt;
    std::int64_t last = highest_.integer(0);
    highest_.reset();
    std::int64_t cleared = 0;
    const std::string text = meta_of(connection_, kLastContext).value_or(std::string());
    std::from_chars(text.data(), text.data() + text.size(), cleared);
    last_id_ = std::max(last, cleared);
    return last_id_;
}

model::SpoolContextPtr SpoolContexts::find(std::int64_t id) {
    if (const auto known = by_id_.find(id); known != by_id_.end()) return known->second;
    model::SpoolContextPtr found;
    // Only a salvaged spool has several of one number, of which at most one is whole.
    select_.bind(id);
    while (!found && select_.next()) found = read(id);
    select_.reset();
    if (!found) return {};
    if (by_id_.size() >= kMaxKnown) by_id_.clear();
    by_id_.emplace(id, found);
    return found;
}

model::SpoolContextPtr SpoolContexts::read(std::int64_t id) const {
    auto* context = new model::SpoolContext;
    const model::SpoolContextPtr found(context);
    context->user = select_.bytes(0);
    context->database = select_.bytes(1);
    context->service = select_.bytes(2);
    context->session_id = select_.bytes(3);
    const bool good = read_settings(select_.bytes(4), *context) &&
                      select_.number(5) == checksum_of(id, *context, select_.bytes(4));
    return good ? found : model::SpoolContextPtr();
}

bool SpoolContexts::clear_unused() {
    const auto last = last_id();
    if (!last || !put_meta(connection_, kLastContext, std::to_string(*last))) return false;
    forget();
    stored_ = 0;
    return connection_.run("DELETE FROM contexts WHERE id NOT IN (SELECT context FROM dead)");
}

void SpoolContexts::forget() {
    by_address_.clear();
    by_id_.clear();
    last_id_.reset();
}

}  // namespace pgsidecar::audit
