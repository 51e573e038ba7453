#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "proxy/mock/expression.hpp"

/// What operators and casts make of Items.
namespace pgsidecar::proxy::mock {

Item constant(Oid type, std::optional<std::string> text);
/// NULL of that type.
Item unknown(Oid type);
Item named(Item item, std::string name, int strength);
Item cast_item(Item item, Oid type);
/// A number without a point: int4, int8 or numeric, as it fits.
Item integer_item(std::string_view digits);
/// op: one of + - * / %; NULL for what are no integers and for what does not fit.
Item arithmetic(char op, const Item& left, const Item& right);
/// op: one of = <> != < > <= >=
Item comparison(std::string_view op, const Item& left, const Item& right);

}  // namespace pgsidecar::proxy::mock
