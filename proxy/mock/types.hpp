#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pgsidecar::proxy::mock {

/// A type's object id (pg_type.oid of PostgreSQL 15).
using Oid = std::uint32_t;

namespace oid {
inline constexpr Oid kBool = 16, kBytea = 17, kName = 19, kInt8 = 20, kInt2 = 21, kInt4 = 23,
                     kText = 25, kOid = 26, kJson = 114, kXml = 142, kFloat4 = 700, kFloat8 = 701,
                     kUnknown = 705, kInet = 869, kBpchar = 1042, kVarchar = 1043, kDate = 1082,
                     kTime = 1083, kTimestamp = 1114, kTimestamptz = 1184, kInterval = 1186,
                     kTimetz = 1266, kBit = 1560, kNumeric = 1700, kRegclass = 2205, kRecord = 2249,
                     kVoid = 2278, kUuid = 2950, kJsonb = 3802, kTextArray = 1009,
                     kNameArray = 1003;
}  // namespace oid

/// The type of that SQL name in lower case, words separated by one blank ("timestamp with time
/// zone", "int[]"); nothing for a type that is not built in.
std::optional<Oid> type_of(std::string_view sql_name);
/// pg_type.typname: what an unnamed cast is called in a result; "text" for an unknown one.
std::string_view name_of(Oid type);
/// pg_type.typlen, as RowDescription says it: -1 for variable length.
std::int16_t length_of(Oid type);

bool is_integer(Oid type);
/// Types whose binary form is their text.
bool is_textual(Oid type);

}  // namespace pgsidecar::proxy::mock
