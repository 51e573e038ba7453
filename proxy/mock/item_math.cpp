#include "proxy/mock/item_math.hpp"

#include <cstdint>
#include <utility>

namespace pgsidecar::proxy::mock {
namespace {

Oid wider(Oid a, Oid b) {
    for (Oid type : {oid::kFloat8, oid::kNumeric, oid::kInt8, oid::kInt4})
        if (a == type || b == type) return type;
    return a;
}

std::optional<std::int64_t> compute(char op, std::int64_t a, std::int64_t b) {
    std::int64_t out = 0;
    switch (op) {
        case '+': return __builtin_add_overflow(a, b, &out) ? std::nullopt : std::optional(out);
        case '-': return __builtin_sub_overflow(a, b, &out) ? std::nullopt : std::optional(out);
        case '*': return __builtin_mul_overflow(a, b, &out) ? std::nullopt : std::optional(out);
        default: break;
    }
    if (b == 0 || (b == -1 && a == INT64_MIN)) return std::nullopt;
    return op == '/' ? a / b : a % b;
}

}  // namespace

Item constant(Oid type, std::optional<std::string> text) {
    Item item;
    item.column.type = type;
    item.value.type = type;
    item.value.text = std::move(text);
    return item;
}

Item unknown(Oid type) { return constant(type, std::nullopt); }

Item named(Item item, std::string name, int strength) {
    item.column.name = std::move(name);
    item.name_strength = strength;
    return item;
}

Item cast_item(Item item, Oid type) {
    item.value = cast_value(std::move(item.value), type);
    item.value.type = item.column.type = type;
    if (item.name_strength <= 1) {
        item.column.name = name_of(type);
        item.name_strength = 1;
    }
    return item;
}

Item integer_item(std::string_view digits) {
    auto value = integer_of(digits);
    if (!value) return constant(oid::kNumeric, std::string(digits));
    bool small = *value >= INT32_MIN && *value <= INT32_MAX;
    return constant(small ? oid::kInt4 : oid::kInt8, std::to_string(*value));
}

Item arithmetic(char op, const Item& left, const Item& right) {
    Item out = unknown(wider(left.column.type, right.column.type));
    out.aggregate = left.aggregate || right.aggregate;
    if (!is_integer(left.column.type) || !is_integer(right.column.type)) return out;
    if (!left.value.text || !right.value.text) return out;
    auto a = integer_of(*left.value.text), b = integer_of(*right.value.text);
    auto sum = a && b ? compute(op, *a, *b) : std::nullopt;
    if (sum) out.value.text = std::to_string(*sum);
    out.value = cast_value({oid::kInt8, out.value.text, {}}, out.column.type);
    return out;
}

Item comparison(std::string_view op, const Item& left, const Item& right) {
    Item out = unknown(oid::kBool);
    out.aggregate = left.aggregate || right.aggregate;
    if (!left.value.text || !right.value.text) return out;
    auto a = integer_of(*left.value.text), b = integer_of(*right.value.text);
    int order = 0;
    if (a && b) {
        order = *a < *b ? -1 : *a > *b ? 1 : 0;
    } else {
        if (op != "=" && op != "<>" && op != "!=") return out;
        order = *left.value.text == *right.value.text ? 0 : 1;
    }
    bool truth = op == "="    ? order == 0
                 : op == "<"  ? order < 0
                 : op == ">"  ? order > 0
                 : op == "<=" ? order <= 0
                 : op == ">=" ? order >= 0
                              : order != 0;
    out.value.text = truth ? "t" : "f";
    return out;
}

}  // namespace pgsidecar::proxy::mock
