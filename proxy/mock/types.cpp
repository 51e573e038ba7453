#include "proxy/mock/types.hpp"

#include <algorithm>
#include <iterator>

namespace pgsidecar::proxy::mock {
namespace {

struct Type {
    Oid oid;
    Oid array;  ///< 0: none
    std::int16_t length;
    std::string_view name;
};

constexpr Type kTypes[] = {
    {oid::kBool, 1000, 1, "bool"},
    {oid::kBytea, 1001, -1, "bytea"},
    {18, 1002, 1, "char"},
    {oid::kName, oid::kNameArray, 64, "name"},
    {oid::kInt8, 1016, 8, "int8"},
    {oid::kInt2, 1005, 2, "int2"},
    {oid::kInt4, 1007, 4, "int4"},
    {24, 1008, 4, "regproc"},
    {oid::kText, oid::kTextArray, -1, "text"},
    {oid::kOid, 1028, 4, "oid"},
    {oid::kJson, 199, -1, "json"},
    {oid::kXml, 143, -1, "xml"},
    {oid::kFloat4, 1021, 4, "float4"},
    {oid::kFloat8, 1022, 8, "float8"},
    {oid::kUnknown, 0, -2, "unknown"},
    {790, 791, 8, "money"},
    {650, 651, -1, "cidr"},
    {oid::kInet, 1041, -1, "inet"},
    {oid::kBpchar, 1014, -1, "bpchar"},
    {oid::kVarchar, 1015, -1, "varchar"},
    {oid::kDate, 1182, 4, "date"},
    {oid::kTime, 1183, 8, "time"},
    {oid::kTimestamp, 1115, 8, "timestamp"},
    {oid::kTimestamptz, 1185, 8, "timestamptz"},
    {oid::kInterval, 1187, 16, "interval"},
    {oid::kTimetz, 1270, 12, "timetz"},
    {oid::kBit, 1561, -1, "bit"},
    {1562, 1563, -1, "varbit"},
    {oid::kNumeric, 1231, -1, "numeric"},
    {oid::kRegclass, 2210, 4, "regclass"},
    {2206, 2211, 4, "regtype"},
    {oid::kRecord, 2287, -1, "record"},
    {oid::kVoid, 0, 4, "void"},
    {oid::kUuid, 2951, 16, "uuid"},
    {3614, 3643, -1, "tsvector"},
    {oid::kJsonb, 3807, -1, "jsonb"},
};

struct Alias {
    std::string_view name;
    std::string_view type;
};

constexpr Alias kAliases[] = {
    {"boolean", "bool"},
    {"bigint", "int8"},
    {"smallint", "int2"},
    {"int", "int4"},
    {"integer", "int4"},
    {"serial", "int4"},
    {"serial4", "int4"},
    {"bigserial", "int8"},
    {"serial8", "int8"},
    {"smallserial", "int2"},
    {"real", "float4"},
    {"float", "float8"},
    {"double precision", "float8"},
    {"decimal", "numeric"},
    {"dec", "numeric"},
    {"character", "bpchar"},
    {"character varying", "varchar"},
    {"char", "bpchar"},
    {"nchar", "bpchar"},
    {"citext", "text"},
    {"bit varying", "varbit"},
    {"timestamp without time zone", "timestamp"},
    {"timestamp with time zone", "timestamptz"},
    {"time without time zone", "time"},
    {"time with time zone", "timetz"},
};

const Type* find(Oid type) {
    const auto* found = std::find_if(std::begin(kTypes), std::end(kTypes),
                                     [&](const Type& entry) { return entry.oid == type; });
    return found == std::end(kTypes) ? nullptr : found;
}

const Type* find_array(Oid type) {
    const auto* found = std::find_if(std::begin(kTypes), std::end(kTypes), [&](const Type& entry) {
        return entry.array == type && type != 0;
    });
    return found == std::end(kTypes) ? nullptr : found;
}

}  // namespace

std::optional<Oid> type_of(std::string_view sql_name) {
    bool array = sql_name.ends_with("[]");
    while (sql_name.ends_with("[]")) sql_name.remove_suffix(2);
    const auto* alias = std::find_if(std::begin(kAliases), std::end(kAliases),
                                     [&](const Alias& a) { return a.name == sql_name; });
    if (alias != std::end(kAliases)) sql_name = alias->type;
    const auto* type = std::find_if(std::begin(kTypes), std::end(kTypes),
                                    [&](const Type& entry) { return entry.name == sql_name; });
    if (type == std::end(kTypes)) return std::nullopt;
    if (!array) return type->oid;
    if (type->array == 0) return std::nullopt;
    return type->array;
}

std::string_view name_of(Oid type) {
    if (const Type* found = find(type)) return found->name;
    if (const Type* element = find_array(type)) return element->name;
    return "text";
}

std::int16_t length_of(Oid type) {
    const Type* found = find(type);
    return found != nullptr ? found->length : std::int16_t{-1};
}

bool is_integer(Oid type) {
    return type == oid::kInt2 || type == oid::kInt4 || type == oid::kInt8 || type == oid::kOid;
}

bool is_textual(Oid type) {
    return type == oid::kText || type == oid::kVarchar || type == oid::kBpchar ||
           type == oid::kName || type == oid::kUnknown || type == oid::kJson || type == oid::kXml ||
           type == oid::kVoid || type == 18;
}

}  // namespace pgsidecar::proxy::mock
