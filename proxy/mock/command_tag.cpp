#include "proxy/mock/command_tag.hpp"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <string_view>

namespace pgsidecar::proxy::mock {
namespace {

/// Words between the verb and the kind of object.
constexpr std::string_view kModifiers[] = {
    "or",    "replace",   "temp",    "temporary",  "unlogged",     "unique",     "global",
    "local", "recursive", "trusted", "procedural", "concurrently", "constraint", "default"};

/// Kinds of more than one word.
constexpr std::string_view kLongKinds[] = {
    "access method",          "event trigger",      "foreign data wrapper",
    "foreign table",          "large object",       "materialized view",
    "operator class",         "operator family",    "text search configuration",
    "text search dictionary", "text search parser", "text search template",
    "user mapping",           "row level security"};

/// Statements whose tag is not their first word in capitals.
struct Fixed {
    std::string_view words;
    std::string_view tag;
};
constexpr Fixed kFixed[] = {
    {"truncate", "TRUNCATE TABLE"},
    {"lock", "LOCK TABLE"},
    {"analyse", "ANALYZE"},
    {"refresh", "REFRESH MATERIALIZED VIEW"},
    {"security", "SECURITY LABEL"},
    {"import", "IMPORT FOREIGN SCHEMA"},
    {"reassign", "REASSIGN OWNED"},
    {"drop owned", "DROP OWNED"},
    {"alter default", "ALTER DEFAULT PRIVILEGES"},
    {"close all", "CLOSE CURSOR ALL"},
    {"close", "CLOSE CURSOR"},
    {"declare", "DECLARE CURSOR"},
    {"deallocate all", "DEALLOCATE ALL"},
    {"deallocate prepare all", "DEALLOCATE ALL"},
    {"set constraints", "SET CONSTRAINTS"},
    {"prepare transaction", "PREPARE TRANSACTION"},
};

std::string upper(std::string_view text) {
    std::string out(text);
    for (char& c : out) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
    return out;
}

bool begins_with(const std::vector<std::string>& head, std::size_t at, std::string_view words) {
    for (; !words.empty(); ++at) {
        auto end = std::min(words.find(' '), words.size());
        if (at >= head.size() || head[at] != words.substr(0, end)) return false;
        words.remove_prefix(std::min(end + 1, words.size()));
    }
    return true;
}

std::string object_tag(const std::vector<std::string>& head) {
    std::size_t at = 1;
    auto modifies = [&](const std::string& word) {
        return std::find(std::begin(kModifiers), std::end(kModifiers), word) !=
               std::end(kModifiers);
    };
    while (at < head.size() && modifies(head[at])) ++at;
    std::string verb = upper(head[0]);
    for (std::string_view kind : kLongKinds)
        if (begins_with(head, at, kind)) return verb + ' ' + upper(kind);
    if (at >= head.size()) return verb;
    if (head[at] == "user" || head[at] == "group") return verb + " ROLE";
    return verb + ' ' + upper(head[at]);
}

}  // namespace

std::string command_tag_of(const std::vector<std::string>& head) {
    if (head.empty()) return {};
    for (const Fixed& fixed : kFixed)
        if (begins_with(head, 0, fixed.words)) return std::string(fixed.tag);
    const std::string& verb = head[0];
    if (verb == "create" || verb == "alter" || verb == "drop") return object_tag(head);
    bool role = (verb == "grant" || verb == "revoke") &&
                std::find(head.begin(), head.end(), "on") == head.end() && head.size() < 12;
    if (role) return upper(verb) + " ROLE";
    if (verb == "discard" && head.size() > 1)
        return "DISCARD " + upper(head[1] == "temporary" ? "temp" : head[1]);
    return upper(verb);
}

}  // namespace pgsidecar::proxy::mock
