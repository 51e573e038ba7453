#include "proxy/admin/rights.hpp"

namespace pgsidecar::proxy::admin {
namespace {

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
    return text;
}

bool lists(std::string_view names, std::string_view user) {
    while (!names.empty()) {
        const std::size_t comma = names.find(',');
        if (trimmed(names.substr(0, comma)) == user) return !user.empty();
        names.remove_prefix(comma == std::string_view::npos ? names.size() : comma + 1);
    }
    return false;
}

}  // namespace

Rights rights_of(const config::Settings::Admin& settings, const Identity& who) {
    Rights rights;
    if (settings.users.empty()) {
        const bool owns = !who.owner.empty() && who.user == who.owner;
        rights.change = who.local && (owns || who.names_are_free);
    } else {
        rights.change = lists(settings.users, who.user);
    }
    rights.show = rights.change || lists(settings.stats_users, who.user);
    return rights;
}

}  // namespace pgsidecar::proxy::admin
