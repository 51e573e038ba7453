#include "model/outage_rule_reader.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "model/json_object.hpp"

namespace pgsidecar::model {

namespace {

constexpr std::string_view kSpace = " \t\r\n\v\f";
constexpr std::size_t kMaxShown = 40;

constexpr std::array kClasses{OutageClass::Durable, OutageClass::Queue, OutageClass::Buffer,
                              OutageClass::Hold, OutageClass::Reject};

bool is_name_part(char c) {
    return c == '_' || c == '$' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
           (c >= 'A' && c <= 'Z') || static_cast<unsigned char>(c) >= 0x80;
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

std::string lower(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(), [](char c) { return lower(c); });
    return out;
}

std::string shown(std::string_view text) {
    std::string out = valid_utf8(text.substr(0, kMaxShown));
    std::replace_if(
        out.begin(), out.end(),
        [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
    return "'" + out + "'";
}

bool is_verb(std::string_view word) {
    for (int kind = 0; kind <= static_cast<int>(StatementKind::Unknown); ++kind) {
        if (to_string(static_cast<StatementKind>(kind)) == word) return true;
    }
    return false;
}

}  // namespace

bool OutageRuleReader::fail(std::size_t where, std::string sentence) {
    problem_ = "rule " + std::to_string(number_) + ", at character " + std::to_string(where + 1) +
               ": " + std::move(sentence);
    return false;
}

void OutageRuleReader::skip_space() {
    while (!at_end() && kSpace.find(text_[at_]) != std::string_view::npos) ++at_;
}

std::string_view OutageRuleReader::take_until(std::string_view stops) {
    skip_space();
    const std::size_t begin = at_;
    at_ = std::min(text_.find_first_of(stops, at_), text_.size());
    std::string_view taken = text_.substr(begin, at_ - begin);
    while (!taken.empty() && kSpace.find(taken.back()) != std::string_view::npos)
        taken.remove_suffix(1);
    return taken;
}

std::string OutageRuleReader::read(std::vector<OutageRule>& rules) {
    skip_space();
    while (!at_end()) {
        ++number_;
        OutageRule rule;
        if (!read_rule(rule)) return std::move(problem_);
        rules.push_back(std::move(rule));
        if (at_end()) break;
        ++at_;  // the comma
        skip_space();
        if (!at_end()) continue;
        ++number_;
        fail(at_ - 1, "there is no rule after the last comma; remove the comma or add one.");
        return std::move(problem_);
    }
    return {};
}

bool OutageRuleReader::read_rule(OutageRule& rule) {
    rule_begin_ = at_;
    if (at(',')) return fail(at_, "there is no rule between two commas; remove one of them.");
    return read_table(rule.table) && read_verb(rule.verb) && read_service(rule.service) &&
           read_class(rule.outage_class) && check(rule);
}

bool OutageRuleReader::read_table(std::string& table) {
    table.clear();
    if (!read_name(table)) return false;
    skip_space();
    if (at('.')) {
        if (table.ends_with('*'))
            return fail(at_, "* must be the end of a table; write schema.* or table*.");
        ++at_;
        table += '.';
        skip_space();
        if (!read_name(table)) return false;
        skip_space();
    }
    if (at('.'))
        return fail(at_, "a table has at most a schema in front of it; write schema.table.");
    if (at_end() || at(':') || at('@') || at('=')) return true;
    if (at(',')) return fail(at_, "the class is missing; end the rule with =CLASS.");
    return fail(at_, "a table cannot go on with " + shown(text_.substr(at_, 1)) +
                         "; put unusual names in double quotes, and * at the end.");
}

bool OutageRuleReader::read_name(std::string& table) {
    if (at('"')) {
        if (!read_quoted(table)) return false;
        if (!at('*')) return true;
        ++at_;
        table += '*';
        return true;
    }
    const std::size_t begin = at_;
    while (!at_end() && is_name_part(text_[at_])) table += lower(text_[at_++]);
    const std::size_t size = at_ - begin;
    if (at('*')) {
        ++at_;
        table += '*';
    } else if (size == 0) {
        return fail(begin, "a table's name is missing; write TABLE=CLASS, or *=CLASS for all.");
    }
    if (size > 0 && ((text_[begin] >= '0' && text_[begin] <= '9') || text_[begin] == '$'))
        return fail(begin, "a name that begins so must stand in double quotes.");
    return true;
}

bool OutageRuleReader::read_quoted(std::string& table) {
    const std::size_t begin = at_++;
    std::string name;
    for (;; ++at_) {
        if (at_end()) return fail(begin, "the quoted name does not end; add the second quote.");
        if (at('"')) {
            ++at_;
            if (!at('"')) break;
        }
        name += text_[at_];
    }
    if (name.empty()) return fail(begin, "a quoted name cannot be empty; name the table.");
    if (name.ends_with('*')) {
        return fail(begin,
                    "a quoted name that ends with * cannot be told from a pattern; write the * "
                    "behind the second quote.");
    }
    table += name;
    return true;
}

bool OutageRuleReader::read_verb(std::string& verb) {
    if (!at(':')) return true;
    ++at_;
    skip_space();
    const std::size_t begin = at_;
    verb = lower(take_until("@=,"));
    if (verb == "*" || is_verb(verb)) return true;
    return fail(begin, "the verb " + shown(verb) +
                           " is not known; use insert, update, delete, merge, select, ddl, copy, "
                           "call, another kind of statement, or *.");
}

bool OutageRuleReader::read_service(std::string& service) {
    if (!at('@')) return true;
    ++at_;
    const std::size_t begin = at_;
    service = take_until("=,");
    if (!service.empty()) return true;
    return fail(begin,
                "the service is missing after @; name an application_name, or remove the @.");
}

bool OutageRuleReader::read_class(OutageClass& outage_class) {
    if (!at('=')) return fail(at_, "the class is missing; end the rule with =CLASS.");
    ++at_;
    skip_space();
    const std::size_t begin = at_;
    const std::string word = lower(take_until(","));
    const auto* found = std::find_if(kClasses.begin(), kClasses.end(),
                                     [&](OutageClass c) { return to_string(c) == word; });
    if (found == kClasses.end()) {
        return fail(begin, "the class " + shown(word) +
                               " is not known; use durable, queue, buffer, hold or reject.");
    }
    outage_class = *found;
    return true;
}

bool OutageRuleReader::check(const OutageRule& rule) {
    if (!is_spooled(rule.outage_class) || rule.verb == "*" || rule.verb == "insert") return true;
    return fail(rule_begin_, "only INSERTs can be answered from the spool, so " + rule.verb +
                                 " cannot be " + std::string(to_string(rule.outage_class)) +
                                 "; use insert, or the class hold or reject.");
}

}  // namespace pgsidecar::model
