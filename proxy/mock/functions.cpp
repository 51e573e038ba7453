#include <algorithm>
#include <array>
#include <iterator>
#include <optional>
#include <utility>

#include "proxy/mock/expression.hpp"
#include "proxy/mock/text.hpp"

namespace pgsidecar::proxy::mock {
namespace {

using Arguments = std::vector<Value>;
using Text = std::optional<std::string>;

Text argument(const Arguments& arguments, std::size_t index) {
    return index < arguments.size() ? arguments[index].text : std::nullopt;
}

Text version(const Arguments&, Scene& scene) {
    return "PostgreSQL " + *scene.gucs.get("server_version") +
           ", mode mock of pgsidecar: nothing is stored";
}
Text database(const Arguments&, Scene& scene) { return std::string(scene.database); }
Text user(const Arguments&, Scene& scene) {
    std::string role = scene.gucs.get("role").value_or("none");
    return role == "none" ? std::string(scene.user) : role;
}
Text session_user(const Arguments&, Scene& scene) { return std::string(scene.user); }
Text pid(const Arguments&, Scene& scene) { return std::to_string(scene.pid); }
Text now(const Arguments&, Scene& scene) { return timestamp_text(scene.wall_us, true); }
Text local_now(const Arguments&, Scene& scene) { return timestamp_text(scene.wall_us, false); }
Text today(const Arguments&, Scene& scene) {
    return timestamp_text(scene.wall_us, false).substr(0, 10);
}
Text local_time(const Arguments&, Scene& scene) {
    return timestamp_text(scene.wall_us, false).substr(11);
}
Text time_with_zone(const Arguments&, Scene& scene) {
    return timestamp_text(scene.wall_us, true).substr(11);
}
Text truth(const Arguments&, Scene&) { return "t"; }
Text untruth(const Arguments&, Scene&) { return "f"; }
Text zero(const Arguments&, Scene&) { return "0"; }
Text empty(const Arguments&, Scene&) { return ""; }
Text nothing(const Arguments&, Scene&) { return std::nullopt; }
Text encoding(const Arguments&, Scene&) { return "UTF8"; }

Text random_uuid(const Arguments&, Scene& scene) {
    std::string bytes(16, '\0');
    scene.entropy.fill(std::as_writable_bytes(std::span(bytes)));
    bytes[6] = static_cast<char>((bytes[6] & 0x0f) | 0x40);
    bytes[8] = static_cast<char>((bytes[8] & 0x3f) | 0x80);
    Value value = decode_value(oid::kUuid, Format::Binary, bytes);
    return value.text;
}

Text random(const Arguments&, Scene& scene) {
    std::array<std::byte, 4> bytes{};
    scene.entropy.fill(bytes);
    return std::to_string(static_cast<double>(base::load_be32(bytes.data())) / 4294967296.0);
}

/// The first schema of search_path that is not the user's own.
Text schema(const Arguments&, Scene& scene) {
    std::string path = scene.gucs.get("search_path").value_or("public");
    Tokens tokens(path, sql::Backslash::Plain);
    while (!tokens.at_end()) {
        const sql::Token token = tokens.next();
        if (is_name(token) && name_in(token) != "$user") return name_in(token);
    }
    return std::nullopt;
}

Text schemas(const Arguments& arguments, Scene& scene) {
    std::string own = schema(arguments, scene).value_or("");
    bool implicit = argument(arguments, 0) == "t";
    std::string out = implicit ? "pg_catalog" : "";
    if (!own.empty()) out += (out.empty() ? "" : ",") + own;
    return "{" + out + "}";
}

Text current_setting(const Arguments& arguments, Scene& scene) {
    auto name = argument(arguments, 0);
    return name ? scene.gucs.get(*name) : std::nullopt;
}

Text set_config(const Arguments& arguments, Scene& scene) {
    auto name = argument(arguments, 0);
    std::string value = argument(arguments, 1).value_or("");
    if (!name || scene.describing()) return std::nullopt;
    if (!scene.gucs.set(*name, value, argument(arguments, 2) == "t")) return std::nullopt;
    return scene.gucs.get(*name);
}

constexpr std::size_t kMaxSequences = 1'000;

Text nextval(const Arguments& arguments, Scene& scene) {
    auto name = argument(arguments, 0);
    if (!name || scene.describing()) return std::nullopt;
    if (scene.sequences.size() >= kMaxSequences) scene.sequences.clear();
    return std::to_string(++scene.sequences[*name]);
}

Text currval(const Arguments& arguments, Scene& scene) {
    auto name = argument(arguments, 0);
    auto it = name ? scene.sequences.find(*name) : scene.sequences.end();
    if (it == scene.sequences.end()) return std::nullopt;
    return std::to_string(it->second);
}

Text setval(const Arguments& arguments, Scene& scene) {
    auto name = argument(arguments, 0), text = argument(arguments, 1);
    auto value = text ? integer_of(*text) : std::nullopt;
    if (!name || !value || scene.describing()) return text;
    if (scene.sequences.size() < kMaxSequences) scene.sequences[*name] = *value;
    return text;
}

Text to_lower(const Arguments& arguments, Scene&) {
    auto text = argument(arguments, 0);
    return text ? Text(lower(*text)) : std::nullopt;
}

Text to_upper(const Arguments& arguments, Scene&) {
    auto text = argument(arguments, 0);
    if (text)
        for (char& c : *text) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
    return text;
}

Text concat(const Arguments& arguments, Scene&) {
    std::string out;
    for (const Value& value : arguments) out += value.text.value_or("");
    return out;
}

Text quote_ident(const Arguments& arguments, Scene&) { return argument(arguments, 0); }

struct Function {
    std::string_view name;
    Oid type;
    Text (*call)(const Arguments&, Scene&);
};

constexpr Function kFunctions[] = {
    {"clock_timestamp", oid::kTimestamptz, now},
    {"concat", oid::kText, concat},
    {"current_catalog", oid::kName, database},
    {"current_database", oid::kName, database},
    {"current_date", oid::kDate, today},
    {"current_role", oid::kName, user},
    {"current_schema", oid::kName, schema},
    {"current_schemas", oid::kNameArray, schemas},
    {"current_setting", oid::kText, current_setting},
    {"current_time", oid::kTimetz, time_with_zone},
    {"current_timestamp", oid::kTimestamptz, now},
    {"current_user", oid::kName, user},
    {"currval", oid::kInt8, currval},
    {"extract", oid::kNumeric, nothing},
    {"gen_random_uuid", oid::kUuid, random_uuid},
    {"has_database_privilege", oid::kBool, truth},
    {"has_schema_privilege", oid::kBool, truth},
    {"has_table_privilege", oid::kBool, truth},
    {"inet_client_addr", oid::kInet, nothing},
    {"inet_server_addr", oid::kInet, nothing},
    {"inet_server_port", oid::kInt4, nothing},
    {"length", oid::kInt4, nothing},
    {"localtime", oid::kTime, local_time},
    {"localtimestamp", oid::kTimestamp, local_now},
    {"lower", oid::kText, to_lower},
    {"nextval", oid::kInt8, nextval},
    {"now", oid::kTimestamptz, now},
    {"pg_advisory_lock", oid::kVoid, empty},
    {"pg_advisory_lock_shared", oid::kVoid, empty},
    {"pg_advisory_unlock", oid::kBool, truth},
    {"pg_advisory_unlock_all", oid::kVoid, empty},
    {"pg_advisory_unlock_shared", oid::kBool, truth},
    {"pg_advisory_xact_lock", oid::kVoid, empty},
    {"pg_advisory_xact_lock_shared", oid::kVoid, empty},
    {"pg_backend_pid", oid::kInt4, pid},
    {"pg_cancel_backend", oid::kBool, truth},
    {"pg_current_xact_id", oid::kInt8, zero},
    {"pg_encoding_to_char", oid::kName, encoding},
    {"pg_get_userbyid", oid::kName, session_user},
    {"pg_is_in_recovery", oid::kBool, untruth},
    {"pg_notify", oid::kVoid, empty},
    {"pg_postmaster_start_time", oid::kTimestamptz, now},
    {"pg_sleep", oid::kVoid, empty},
    {"pg_sleep_for", oid::kVoid, empty},
    {"pg_sleep_until", oid::kVoid, empty},
    {"pg_table_is_visible", oid::kBool, truth},
    {"pg_terminate_backend", oid::kBool, truth},
    {"pg_try_advisory_lock", oid::kBool, truth},
    {"pg_try_advisory_lock_shared", oid::kBool, truth},
    {"pg_try_advisory_xact_lock", oid::kBool, truth},
    {"pg_try_advisory_xact_lock_shared", oid::kBool, truth},
    {"quote_ident", oid::kText, quote_ident},
    {"random", oid::kFloat8, random},
    {"session_user", oid::kName, session_user},
    {"set_config", oid::kText, set_config},
    {"setval", oid::kInt8, setval},
    {"statement_timestamp", oid::kTimestamptz, now},
    {"to_regclass", oid::kRegclass, nothing},
    {"transaction_timestamp", oid::kTimestamptz, now},
    {"txid_current", oid::kInt8, zero},
    {"upper", oid::kText, to_upper},
    {"user", oid::kName, user},
    {"uuid_generate_v4", oid::kUuid, random_uuid},
    {"version", oid::kText, version},
};

struct Aggregate {
    std::string_view name;
    Oid type;
};

constexpr Aggregate kAggregates[] = {
    {"array_agg", oid::kTextArray},
    {"avg", oid::kNumeric},
    {"bit_and", oid::kInt8},
    {"bit_or", oid::kInt8},
    {"bool_and", oid::kBool},
    {"bool_or", oid::kBool},
    {"count", oid::kInt8},
    {"every", oid::kBool},
    {"json_agg", oid::kJson},
    {"json_object_agg", oid::kJson},
    {"jsonb_agg", oid::kJsonb},
    {"jsonb_object_agg", oid::kJsonb},
    {"max", oid::kText},
    {"min", oid::kText},
    {"stddev", oid::kNumeric},
    {"string_agg", oid::kText},
    {"sum", oid::kInt8},
    {"variance", oid::kNumeric},
};

constexpr std::string_view kSetFunctions[] = {
    "generate_series",
    "generate_subscripts",
    "json_array_elements",
    "json_each",
    "jsonb_array_elements",
    "jsonb_array_elements_text",
    "jsonb_each",
    "jsonb_each_text",
    "jsonb_object_keys",
    "pg_listening_channels",
    "regexp_split_to_table",
    "regexp_matches",
    "string_to_table",
    "json_array_elements_text",
    "json_object_keys",
    "unnest",
};

Item item_of(Oid type, Text text) {
    Item item;
    item.column.type = type;
    item.value.type = type;
    item.value.text = std::move(text);
    return item;
}

Item coalesce(const Arguments& arguments) {
    Item item;
    if (!arguments.empty()) item.column.type = item.value.type = arguments[0].type;
    for (const Value& value : arguments) {
        if (value.is_null()) continue;
        item.value = value;
        item.column.type = value.type;
        break;
    }
    return item;
}

Item nullif(const Arguments& arguments) {
    Item item = coalesce({arguments.begin(), arguments.begin() + (arguments.empty() ? 0 : 1)});
    if (arguments.size() == 2 && arguments[0].text == arguments[1].text) {
        item.value.text.reset();
        item.value.binary.reset();
    }
    return item;
}

template <class Table>
auto find(const Table& table, const std::string& name) {
    return std::find_if(std::begin(table), std::end(table),
                        [&](const auto& entry) { return entry.name == name; });
}

}  // namespace

Item call_function(const std::string& name, std::vector<Value> arguments, Scene& scene) {
    if (name == "coalesce") return coalesce(arguments);
    if (name == "nullif") return nullif(arguments);
    if (auto found = find(kFunctions, name); found != std::end(kFunctions))
        return item_of(found->type, found->call(arguments, scene));
    if (auto found = find(kAggregates, name); found != std::end(kAggregates)) {
        bool count = name == "count";
        Item item = item_of(found->type, count ? Text("0") : std::nullopt);
        bool of_argument = name == "max" || name == "min";
        if (of_argument && !arguments.empty())
            item.column.type = item.value.type = arguments[0].type;
        item.aggregate = true;
        return item;
    }
    Item item = item_of(oid::kText, std::nullopt);
    item.many_rows = std::find(std::begin(kSetFunctions), std::end(kSetFunctions), name) !=
                     std::end(kSetFunctions);
    return item;
}

}  // namespace pgsidecar::proxy::mock
