#include "realtime/row_filter.hpp"

#include <algorithm>
#include <array>
#include <compare>
#include <cstdlib>
#include <optional>
#include <utility>

namespace pgsidecar::realtime {
namespace {

using Kind = RowField::Kind;

constexpr std::array<std::string_view, 13> kWords{"eq",         "neq",   "lt",    "lte", "gt",
                                                  "gte",        "like",  "ilike", "in",  "is",
                                                  "isdistinct", "match", "imatch"};

bool is_name_byte(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '$' || (static_cast<unsigned char>(c) & 0x80U) != 0;
}

/// `ident=[not.]op.`: what must follow an `&` for it to be a separator (K11).
bool begins_condition(std::string_view text) {
    std::size_t end = 0;
    while (end < text.size() && is_name_byte(text[end])) ++end;
    if (end == 0 || end >= text.size() || text[end] != '=') return false;
    text.remove_prefix(end + 1);
    if (text.starts_with("not.")) text.remove_prefix(4);
    std::size_t dot = text.find('.');
    return dot != std::string_view::npos &&
           std::find(kWords.begin(), kWords.end(), text.substr(0, dot)) != kWords.end();
}

/// Cuts at separators outside of quotes and parentheses.
std::vector<std::string_view> cut(std::string_view text, bool at_ampersand) {
    std::vector<std::string_view> out;
    std::size_t begin = 0;
    int depth = 0;
    bool quoted = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        char c = text[i];
        if (quoted && c == '\\') {
            ++i;
        } else if (c == '"') {
            quoted = !quoted;
        } else if (quoted) {
            continue;
        } else if (c == '(') {
            ++depth;
        } else if (c == ')') {
            --depth;
        } else if (depth <= 0 && (c == ',' || (at_ampersand && c == '&' &&
                                               begins_condition(text.substr(i + 1))))) {
            out.push_back(text.substr(begin, i - begin));
            begin = i + 1;
        }
    }
    out.push_back(text.substr(begin));
    return out;
}

std::string unquoted(std::string_view text) {
    if (text.size() < 2 || !text.starts_with('"') || !text.ends_with('"')) return std::string(text);
    std::string out;
    for (std::size_t i = 1; i + 1 < text.size(); ++i) {
        if (text[i] == '\\' && i + 2 < text.size()) ++i;
        out += text[i];
    }
    return out;
}

struct Decimal {
    bool negative = false;
    std::string_view whole, part;
};

std::optional<Decimal> plain_decimal(std::string_view text) {
    Decimal out;
    if (text.starts_with('-')) out.negative = true, text.remove_prefix(1);
    std::size_t dot = std::min(text.find('.'), text.size());
    out.whole = text.substr(0, dot);
    if (dot < text.size()) out.part = text.substr(dot + 1);
    auto digits = [](std::string_view t) {
        return std::all_of(t.begin(), t.end(), [](char c) { return c >= '0' && c <= '9'; });
    };
    if (out.whole.empty() || !digits(out.whole) || !digits(out.part)) return std::nullopt;
    while (out.whole.starts_with('0')) out.whole.remove_prefix(1);
    while (out.part.ends_with('0')) out.part.remove_suffix(1);
    if (out.whole.empty() && out.part.empty()) out.negative = false;
    return out;
}

std::optional<std::strong_ordering> compare_numbers(std::string_view a, std::string_view b) {
    auto x = plain_decimal(a), y = plain_decimal(b);
    if (!x || !y) {
        auto read = [](std::string_view text) -> std::optional<long double> {
            std::string copy(text);
            char* end = nullptr;
            long double value = std::strtold(copy.c_str(), &end);
            if (copy.empty() || *end != '\0' || value != value) return std::nullopt;
            return value;
        };
        auto p = read(a), q = read(b);
        if (!p || !q) return std::nullopt;
        return *p < *q   ? std::strong_ordering::less
               : *p > *q ? std::strong_ordering::greater
                         : std::strong_ordering::equal;
    }
    if (x->negative != y->negative) {
        return x->negative ? std::strong_ordering::less : std::strong_ordering::greater;
    }
    auto order = x->whole.size() <=> y->whole.size();
    if (order == 0) order = x->whole <=> y->whole;
    if (order == 0) order = x->part <=> y->part;
    return x->negative ? 0 <=> order : order;
}

std::optional<bool> truth(std::string_view word) {
    if (word == "true" || word == "t") return true;
    if (word == "false" || word == "f") return false;
    return std::nullopt;
}

std::optional<std::strong_ordering> compare(const RowField& field, std::string_view value) {
    if (field.kind == Kind::Number) return compare_numbers(field.text, value);
    if (field.kind == Kind::Bool) {
        auto wanted = truth(value);
        if (!wanted) return std::nullopt;
        return (field.text == "true") <=> *wanted;
    }
    return std::string_view(field.text) <=> value;
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// `%` is any text, `_` (or `*` as PostgREST has it) one byte or any text; linear in both.
bool like(std::string_view text, std::string_view pattern, bool fold) {
    std::size_t t = 0, p = 0, star = std::string_view::npos, mark = 0;
    auto same = [fold](char a, char b) { return fold ? lower(a) == lower(b) : a == b; };
    while (t < text.size()) {
        bool escaped = p + 1 < pattern.size() && pattern[p] == '\\';
        if (p < pattern.size() && (pattern[p] == '%' || pattern[p] == '*')) {
            star = p++;
            mark = t;
        } else if (escaped
                       ? same(pattern[p + 1], text[t])
                       : p < pattern.size() && (pattern[p] == '_' || same(pattern[p], text[t]))) {
            p += escaped ? 2 : 1;
            ++t;
        } else if (star != std::string_view::npos) {
            p = star + 1;
            t = ++mark;
        } else {
            return false;
        }
    }
    while (p < pattern.size() && (pattern[p] == '%' || pattern[p] == '*')) ++p;
    return p == pattern.size();
}

}  // namespace

std::variant<RowFilter::Condition, FilterFault> RowFilter::parse_condition(std::string_view text,
                                                                           Limits limits) {
    auto bad = [](std::string message) { return FilterFault{"BAD_FILTER", std::move(message)}; };
    Condition out;
    std::size_t equals = text.find('=');
    if (equals == 0 || equals == std::string_view::npos) {
        return bad("A filter reads column=op.value, such as id=eq.7.");
    }
    out.column = text.substr(0, equals);
    text.remove_prefix(equals + 1);
    if (text.starts_with("not.")) out.negated = true, text.remove_prefix(4);
    std::size_t dot = text.find('.');
    auto word = std::find(kWords.begin(), kWords.end(), text.substr(0, std::min(dot, text.size())));
    if (dot == std::string_view::npos || word == kWords.end()) {
        return bad(
            "A filter's operator is one of eq, neq, lt, lte, gt, gte, like, ilike, in, is "
            "and isdistinct, followed by a dot.");
    }
    auto index = static_cast<std::size_t>(word - kWords.begin());
    if (index > static_cast<std::size_t>(Op::IsDistinct)) {
        return FilterFault{"UNSUPPORTED_FILTER_TYPE",
                           "Regular expressions are not evaluated here; use like or ilike."};
    }
    out.op = static_cast<Op>(index);
    text.remove_prefix(dot + 1);
    if (out.op != Op::In) {
        out.values.push_back(unquoted(text));
        static constexpr std::array<std::string_view, 4> kStates{"null", "true", "false",
                                                                 "unknown"};
        if (out.op == Op::Is &&
            std::find(kStates.begin(), kStates.end(), out.values[0]) == kStates.end()) {
            return bad("The operator is takes null, true, false or unknown.");
        }
        return out;
    }
    if (!text.starts_with('(') || !text.ends_with(')')) {
        return bad("The operator in takes a list in parentheses, such as id=in.(1,2).");
    }
    for (std::string_view value : cut(text.substr(1, text.size() - 2), false)) {
        out.values.push_back(unquoted(value));
    }
    if (out.values.size() > limits.values) {
        return FilterFault{
            "LIMIT", "An in filter takes at most " + std::to_string(limits.values) + " values."};
    }
    return out;
}

std::variant<RowFilter, FilterFault> RowFilter::parse(std::string_view text, Limits limits) {
    RowFilter out;
    if (text.empty()) return out;
    for (std::string_view item : cut(text, true)) {
        auto condition = parse_condition(item, limits);
        if (auto* fault = std::get_if<FilterFault>(&condition)) return std::move(*fault);
        out.conditions_.push_back(std::move(std::get<Condition>(condition)));
    }
    if (out.conditions_.size() > limits.conditions) {
        return FilterFault{"LIMIT", "A subscription takes at most " +
                                        std::to_string(limits.conditions) + " filters."};
    }
    return out;
}

bool RowFilter::holds(const Condition& condition, const RowField& field) {
    const std::string& value = condition.values.front();
    bool null = field.kind == Kind::Null;
    if (condition.op == Op::Is) {
        bool is = value == "null" || value == "unknown"
                      ? null
                      : field.kind == Kind::Bool && field.text == value;
        return is != condition.negated;
    }
    if (condition.op == Op::IsDistinct) {
        return (null || compare(field, value) != std::strong_ordering::equal) != condition.negated;
    }
    if (null) return false;
    auto equal = [&](const std::string& one) {
        return compare(field, one) == std::strong_ordering::equal;
    };
    auto order = compare(field, value);
    bool is = false;
    switch (condition.op) {
        case Op::Eq: is = equal(value); break;
        case Op::Neq: is = !equal(value); break;
        case Op::Lt: is = order && *order < 0; break;
        case Op::Lte: is = order && *order <= 0; break;
        case Op::Gt: is = order && *order > 0; break;
        case Op::Gte: is = order && *order >= 0; break;
        case Op::Like: is = like(field.text, value, false); break;
        case Op::Ilike: is = like(field.text, value, true); break;
        case Op::In:
            is = std::any_of(condition.values.begin(), condition.values.end(), equal);
            break;
        case Op::Is:
        case Op::IsDistinct: break;
    }
    return is != condition.negated;
}

bool RowFilter::matches(const RowImage& row) const {
    return std::all_of(conditions_.begin(), conditions_.end(), [&](const Condition& condition) {
        const RowField* field = row.find(condition.column);
        return field != nullptr && holds(condition, *field);
    });
}

std::vector<std::string> RowFilter::columns() const {
    std::vector<std::string> out;
    for (const Condition& condition : conditions_) out.push_back(condition.column);
    return out;
}

}  // namespace pgsidecar::realtime
