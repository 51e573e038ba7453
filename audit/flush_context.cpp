#include "audit/flush_context.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <utility>

namespace pgsidecar::audit {
namespace {

constexpr std::string_view kRole = "role";
constexpr std::string_view kAuthorization = "session_authorization";
constexpr std::string_view kEncoding = "client_encoding";
/// A value may name one of its two parts alone and keep the other of what was there before.
constexpr std::string_view kDateStyle = "datestyle";

constexpr std::array<std::string_view, 8> kFlushOwn{
    "statement_timeout",    "lock_timeout",        "idle_in_transaction_session_timeout",
    "idle_session_timeout", "transaction_timeout", "synchronous_commit",
    "in_hot_standby",       "is_superuser"};

std::string lower(std::string_view name) {
    std::string out(name);
    for (char& c : out) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return out;
}

bool names_nobody(std::string_view role) { return role.empty() || lower(role) == "none"; }

/// The changes between two sets of values, in the making.
class Moves {
public:
    using Values = std::map<std::string, std::string, std::less<>>;
    Moves(const Values& from, const Values& to) : from_(from), to_(to) {}

    bool differs(std::string_view name) const {
        auto now = from_.find(name), then = to_.find(name);
        if (now == from_.end() || then == to_.end()) {
            return (now == from_.end()) != (then == to_.end());
        }
        return now->second != then->second;
    }
    void back(std::string_view name) {
        if (from_.contains(name)) changes_.push_back({std::string(name), std::nullopt});
    }
    void set(std::string_view name) {
        auto it = to_.find(name);
        if (it != to_.end()) changes_.push_back({it->first, it->second});
    }
    std::vector<ContextChange> take() { return std::move(changes_); }

private:
    const Values& from_;
    const Values& to_;
    std::vector<ContextChange> changes_;
};

}  // namespace

FlushContext::Target FlushContext::wanted(const model::SpoolContext& context) const {
    Target target;
    if (!context.service.empty()) target.values["application_name"] = context.service;
    for (const auto& [name, value] : context.settings) {
        std::string key = lower(name);
        if (std::ranges::find(kFlushOwn, key) == kFlushOwn.end()) {
            target.values[std::move(key)] = value;
        }
    }
    auto role = target.values.find(kRole);
    if (role != target.values.end() && names_nobody(role->second)) target.values.erase(role);
    const bool chosen = target.values.contains(kRole) || target.values.contains(kAuthorization);
    if (!chosen && !context.user.empty() && context.user != own_user_) {
        target.values[std::string(kRole)] = context.user;
        target.role_is_user = true;
    }
    return target;
}

std::vector<ContextChange> FlushContext::change_to(const model::SpoolContext& context) {
    if (&context == last_.get()) return {};
    last_ = model::SpoolContextPtr(&context);
    return move_to(wanted(context));
}

std::vector<ContextChange> FlushContext::change_back() {
    last_ = {};
    return move_to({});
}

std::vector<ContextChange> FlushContext::move_to(Target target) {
    if (target.values == applied_) return {};
    Moves moves(applied_, target.values);
    Values others;  // of both sides, without what has a place of its own in the order
    for (const auto* side : {&applied_, &target.values}) {
        for (const auto& [name, value] : *side) {
            if (name != kRole && name != kAuthorization && name != kEncoding &&
                moves.differs(name)) {
                others.emplace(name, value);
            }
        }
    }
    const bool encoding = moves.differs(kEncoding), authorization = moves.differs(kAuthorization);
    const bool only_role = others.empty() && !encoding && !authorization;
    if (!only_role || !target.values.contains(kRole)) moves.back(kRole);
    if (authorization) moves.back(kAuthorization);
    if (encoding) moves.back(kEncoding);
    for (const auto& [name, value] : others) {
        if (!target.values.contains(name) || name == kDateStyle) moves.back(name);
    }
    if (target.role_is_user) moves.set(kRole);
    if (encoding) moves.set(kEncoding);
    if (authorization) moves.set(kAuthorization);
    if (!target.role_is_user) moves.set(kRole);
    for (const auto& [name, value] : others) moves.set(name);
    applied_ = std::move(target.values);
    return moves.take();
}

std::string accepted_at_text(std::int64_t wall_us) {
    const auto point =
        std::chrono::sys_time<std::chrono::microseconds>(std::chrono::microseconds(wall_us));
    const auto second = std::chrono::floor<std::chrono::seconds>(point);
    const std::time_t seconds = second.time_since_epoch().count();
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), "%04d-%02d-%02d %02d:%02d:%02d.%06d+00",
                  parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday, parts.tm_hour,
                  parts.tm_min, parts.tm_sec, static_cast<int>((point - second).count()));
    return text.data();
}

}  // namespace pgsidecar::audit
