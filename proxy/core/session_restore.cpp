#include <algorithm>

#include "protocol/messages/backend_decode.hpp"
#include "protocol/messages/backend_encode.hpp"
#include "proxy/core/plane.hpp"
#include "proxy/core/pool.hpp"
#include "proxy/core/session.hpp"
#include "proxy/core/upstream.hpp"

// RESET on a pooled connection: it goes to the server's value, but the client's startup packet,
// which only we have seen, had another.

namespace pgsidecar::proxy {

namespace {

/// Settings with a name of their own, which pg_settings does not list, are empty after a RESET.
void append_placeholder(std::string& sql, std::string_view name, std::string_view value) {
    sql += "SELECT pg_catalog.set_config(";
    append_literal(sql, name);
    sql.push_back(',');
    append_literal(sql, value);
    sql += ",false) WHERE pg_catalog.current_setting(";
    append_literal(sql, name);
    sql += ",true) OPERATOR(pg_catalog.=) '';";
}

}  // namespace

bool Session::is_restored(std::string_view name) const {
    if (restores_all_ || restoring_all_) return true;
    if (std::find(restoring_.begin(), restoring_.end(), name) != restoring_.end()) return true;
    return resetting_ &&
           std::find(resetting_->begin(), resetting_->end(), name) != resetting_->end();
}

void Session::send_restores(const base::Now& now) {
    const bool due = restores_all_ || resetting_;
    if (!due || own_upstream_ != nullptr || !startup_settings_) return;
    std::string listed, sql;
    for (const auto& [name, value] : startup_settings_->values) {
        if (!is_restored(name) || is_identity(name)) continue;
        if (is_placeholder(name)) {
            append_placeholder(sql, name, value);
            continue;
        }
        listed += listed.empty() ? "(" : ",(";
        append_literal(listed, name);
        listed += "::pg_catalog.text,";
        append_literal(listed, value);
        listed += "::pg_catalog.text)";
    }
    // Only what the RESET really has reset: it may have failed, or been skipped.
    if (!listed.empty()) {
        sql += "SELECT pg_catalog.set_config(s.name,w.v,false) FROM (VALUES " + listed +
               ") w(n,v) JOIN pg_catalog.pg_settings s ON pg_catalog.lower(s.name) "
               "OPERATOR(pg_catalog.=) w.n WHERE s.source OPERATOR(pg_catalog.<>) 'session'";
    }
    // The next RESET may be noted before this one is answered.
    auto names = std::move(resetting_);
    const bool all = std::exchange(restores_all_, false);
    if (sql.empty()) return;
    if (names) restoring_.insert(restoring_.end(), names->begin(), names->end());
    restoring_all_ = restoring_all_ || all;
    ++restores_in_flight_;
    upstream_->ask(Purpose::Restore, sql, now);
}

void Session::restored(bool failed, const base::Now& now) {
    // In an aborted transaction: what others have drawn is still there.
    if (failed) upstream_->sequences_of = Upstream::kAnybodys;
    if (restores_in_flight_ > 0 && --restores_in_flight_ == 0) {
        restoring_.clear();
        restoring_all_ = false;
    }
    if ((dirty_settings_ || resets_all_) && transaction_ == protocol::TransactionStatus::Idle &&
        upstream_->replies().empty())
        settle_settings(now);
}

std::string_view Session::as_reported(std::string_view name, std::string_view value) const {
    const auto* welcome = pool_ != nullptr ? pool_->welcome(startup_settings_) : nullptr;
    if (welcome == nullptr) return value;
    for (const auto& [known, reported] : *welcome) {
        if (known == name) return reported;
    }
    return value;
}

std::string Session::restored_parameter(const protocol::Frame& frame) const {
    std::string same(base::as_text(frame.wire));
    auto parameter = protocol::decode_parameter_status(frame.payload);
    if (!parameter || !startup_settings_) return same;
    for (const auto& [name, value] : startup_settings_->values) {
        if (!same_setting(parameter->name, name) || !is_restored(name)) continue;
        const std::string_view startup = as_reported(parameter->name, value);
        auto known = value_of(*settings_, name);
        if (known == value || known == startup) return {};
        std::string told;
        protocol::append_parameter_status(told, parameter->name, startup);
        return told;
    }
    return same;
}

}  // namespace pgsidecar::proxy
