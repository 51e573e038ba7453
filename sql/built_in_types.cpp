#include "sql/built_in_types.hpp"

#include <algorithm>
#include <iterator>

namespace pgsidecar::sql {

namespace {

struct BuiltIn {
    std::string_view name;
    std::uint32_t oid;
    std::uint32_t array_oid;
};

// Sorted by name; from pg_type of PostgreSQL 15.
constexpr BuiltIn kTypes[] = {
    {"aclitem", 1033, 1034},
    {"bit", 1560, 1561},
    {"bool", 16, 1000},
    {"box", 603, 1020},
    {"bpchar", 1042, 1014},
    {"bytea", 17, 1001},
    {"char", 18, 1002},
    {"cid", 29, 1012},
    {"cidr", 650, 651},
    {"circle", 718, 719},
    {"date", 1082, 1182},
    {"datemultirange", 4535, 6155},
    {"daterange", 3912, 3913},
    {"float4", 700, 1021},
    {"float8", 701, 1022},
    {"gtsvector", 3642, 3644},
    {"inet", 869, 1041},
    {"int2", 21, 1005},
    {"int2vector", 22, 1006},
    {"int4", 23, 1007},
    {"int4multirange", 4451, 6150},
    {"int4range", 3904, 3905},
    {"int8", 20, 1016},
    {"int8multirange", 4536, 6157},
    {"int8range", 3926, 3927},
    {"interval", 1186, 1187},
    {"json", 114, 199},
    {"jsonb", 3802, 3807},
    {"jsonpath", 4072, 4073},
    {"line", 628, 629},
    {"lseg", 601, 1018},
    {"macaddr", 829, 1040},
    {"macaddr8", 774, 775},
    {"money", 790, 791},
    {"name", 19, 1003},
    {"numeric", 1700, 1231},
    {"nummultirange", 4532, 6151},
    {"numrange", 3906, 3907},
    {"oid", 26, 1028},
    {"oidvector", 30, 1013},
    {"path", 602, 1019},
    {"pg_lsn", 3220, 3221},
    {"pg_snapshot", 5038, 5039},
    {"point", 600, 1017},
    {"polygon", 604, 1027},
    {"refcursor", 1790, 2201},
    {"regclass", 2205, 2210},
    {"regcollation", 4191, 4192},
    {"regconfig", 3734, 3735},
    {"regdictionary", 3769, 3770},
    {"regnamespace", 4089, 4090},
    {"regoper", 2203, 2208},
    {"regoperator", 2204, 2209},
    {"regproc", 24, 1008},
    {"regprocedure", 2202, 2207},
    {"regrole", 4096, 4097},
    {"regtype", 2206, 2211},
    {"text", 25, 1009},
    {"tid", 27, 1010},
    {"time", 1083, 1183},
    {"timestamp", 1114, 1115},
    {"timestamptz", 1184, 1185},
    {"timetz", 1266, 1270},
    {"tsmultirange", 4533, 6152},
    {"tsquery", 3615, 3645},
    {"tsrange", 3908, 3909},
    {"tstzmultirange", 4534, 6153},
    {"tstzrange", 3910, 3911},
    {"tsvector", 3614, 3643},
    {"txid_snapshot", 2970, 2949},
    {"uuid", 2950, 2951},
    {"varbit", 1562, 1563},
    {"varchar", 1043, 1015},
    {"xid", 28, 1011},
    {"xid8", 5069, 271},
    {"xml", 142, 143},
};
static_assert(std::is_sorted(std::begin(kTypes), std::end(kTypes),
                             [](const BuiltIn& a, const BuiltIn& b) { return a.name < b.name; }));

}  // namespace

std::uint32_t built_in_type(std::string_view name, bool array) {
    const auto* found =
        std::lower_bound(std::begin(kTypes), std::end(kTypes), name,
                         [](const BuiltIn& type, std::string_view key) { return type.name < key; });
    if (found == std::end(kTypes) || found->name != name) return 0;
    return array ? found->array_oid : found->oid;
}

}  // namespace pgsidecar::sql
