#include "model/outage_policy.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "model/outage_rule_reader.hpp"

namespace pgsidecar::model {

namespace {

constexpr std::string_view kAny = "*";

/// `pattern` is the text, `*`, or a beginning of it and `*`.
bool fits(std::string_view pattern, std::string_view text) {
    if (!pattern.ends_with('*')) return pattern == text;
    return text.starts_with(pattern.substr(0, pattern.size() - 1));
}

bool table_fits(std::string_view pattern, std::string_view table) {
    if (pattern == kAny || pattern == table) return true;
    const bool has_schema = pattern.find('.') != std::string_view::npos;
    return fits(pattern, has_schema ? table : table.substr(table.rfind('.') + 1));
}

/// True when whatever `later` would decide is decided by `earlier`.
bool hides(const OutageRule& earlier, const OutageRule& later) {
    const bool table = earlier.table == kAny || earlier.table == later.table;
    const bool verb = earlier.verb == kAny || earlier.verb == later.verb;
    const bool service = earlier.service == kAny || earlier.service == later.service;
    return table && verb && service;
}

std::vector<OutageRule> built_in_rules() {
    constexpr std::pair<std::string_view, OutageClass> kRules[] = {
        {"audit_logs", OutageClass::Durable},      {"pgsidecar.operations", OutageClass::Durable},
        {"commands", OutageClass::Queue},          {"command_queues", OutageClass::Queue},
        {"terminal_outputs", OutageClass::Buffer},
    };
    std::vector<OutageRule> rules;
    for (const auto& [table, outage_class] : kRules) {
        rules.push_back(
            {.table = std::string(table), .outage_class = outage_class, .is_default = true});
    }
    return rules;
}

/// One name as it must be written to mean what it is.
std::string name_text(std::string_view name) {
    const bool pattern = name.ends_with('*');
    if (pattern) name.remove_suffix(1);
    const bool plain = std::all_of(name.begin(), name.end(), [](char c) {
        return c == '_' || c == '$' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
               static_cast<unsigned char>(c) >= 0x80;
    });
    std::string out;
    for (const char c : name) out.append(c == '"' ? 2 : 1, c);
    if (!plain) out = "\"" + out + "\"";
    return pattern ? out + "*" : out;
}

std::string table_text(std::string_view table) {
    const auto dot = table.find('.');
    if (dot == std::string_view::npos) return name_text(table);
    return name_text(table.substr(0, dot)) + "." + name_text(table.substr(dot + 1));
}

}  // namespace

std::string_view to_string(OutageClass outage_class) {
    switch (outage_class) {
        case OutageClass::Hold: return "hold";
        case OutageClass::Reject: return "reject";
        case OutageClass::Durable: return "durable";
        case OutageClass::Queue: return "queue";
        case OutageClass::Buffer: return "buffer";
    }
    return "hold";
}

std::string to_string(const OutageRule& rule) {
    std::string out = table_text(rule.table);
    if (rule.verb != kAny) out += ":" + rule.verb;
    if (rule.service != kAny) out += "@" + rule.service;
    return out + "=" + std::string(to_string(rule.outage_class));
}

OutagePolicy::OutagePolicy() : rules_(built_in_rules()) {}

std::string OutagePolicy::parse(std::string_view text, OutagePolicy& out) {
    std::vector<OutageRule> rules;
    std::string problem = OutageRuleReader(text).read(rules);
    if (!problem.empty()) return problem;
    std::ranges::move(built_in_rules(), std::back_inserter(rules));
    out.rules_ = std::move(rules);
    return {};
}

const OutageRule* OutagePolicy::match(std::string_view table, StatementKind kind,
                                      std::string_view service) const {
    const std::string_view verb = to_string(kind);
    for (const OutageRule& rule : rules_) {
        if ((rule.verb == kAny || rule.verb == verb) && table_fits(rule.table, table) &&
            fits(rule.service, service)) {
            return &rule;
        }
    }
    return nullptr;
}

OutageClass OutagePolicy::decide(std::string_view table, StatementKind kind,
                                 std::string_view service) const {
    const OutageRule* rule = match(table, kind, service);
    return rule == nullptr ? OutageClass::Hold : rule->outage_class;
}

std::vector<std::string> OutagePolicy::spooled_tables() const {
    std::vector<std::string> tables;
    for (auto rule = rules_.begin(); rule != rules_.end(); ++rule) {
        const bool hidden = std::any_of(
            rules_.begin(), rule, [&](const OutageRule& other) { return hides(other, *rule); });
        const bool known = std::find(tables.begin(), tables.end(), rule->table) != tables.end();
        if (is_spooled(rule->outage_class) && !hidden && !known) tables.push_back(rule->table);
    }
    return tables;
}

}  // namespace pgsidecar::model
