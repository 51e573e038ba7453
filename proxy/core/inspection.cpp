#include "proxy/core/inspection.hpp"

#include <array>

#include "proxy/core/guc_set.hpp"

namespace pgsidecar::proxy {

namespace {

namespace effect = model::session_effect;

struct Question {
    std::uint16_t effect;
    std::string_view sql;
};

// Qualified throughout: the client's search_path is in force.
constexpr std::array kQuestions{
    Question{effect::kListens, "EXISTS(SELECT FROM pg_catalog.pg_listening_channels())"},
    Question{effect::kTempTable,
             "CASE WHEN pg_catalog.pg_my_temp_schema() OPERATOR(pg_catalog.<>) 0::pg_catalog.oid "
             "THEN EXISTS(SELECT FROM pg_catalog.pg_class WHERE relnamespace "
             "OPERATOR(pg_catalog.=) pg_catalog.pg_my_temp_schema()) "
             "OR EXISTS(SELECT FROM pg_catalog.pg_type WHERE typnamespace "
             "OPERATOR(pg_catalog.=) pg_catalog.pg_my_temp_schema()) "
             "OR EXISTS(SELECT FROM pg_catalog.pg_proc WHERE pronamespace "
             "OPERATOR(pg_catalog.=) pg_catalog.pg_my_temp_schema()) ELSE false END"},
    Question{effect::kAdvisoryLock,
             "EXISTS(SELECT FROM pg_catalog.pg_locks WHERE locktype OPERATOR(pg_catalog.=) "
             "'advisory' AND pid OPERATOR(pg_catalog.=) pg_catalog.pg_backend_pid())"},
    Question{effect::kHoldCursor, "EXISTS(SELECT FROM pg_catalog.pg_cursors WHERE is_holdable)"},
    Question{effect::kSqlPrepare,
             "EXISTS(SELECT FROM pg_catalog.pg_prepared_statements WHERE from_sql OR "
             "pg_catalog.left(name, 4) OPERATOR(pg_catalog.<>) 'pgs_')"},
};

constexpr std::string_view kSettingsSql =
    ";SELECT '=', name, setting FROM pg_catalog.pg_settings WHERE source "
    "OPERATOR(pg_catalog.=) 'session' UNION ALL SELECT '=', 'role', "
    "pg_catalog.current_setting('role') UNION ALL SELECT '=', 'session_authorization', "
    "session_user::pg_catalog.text";

std::uint16_t asked_of(std::uint16_t effects) {
    const bool anything = (effects & effect::kUnknown) != 0;
    return anything ? Inspection::kState : effects & Inspection::kState;
}

}  // namespace

Inspection::Inspection(std::uint16_t effects, const std::vector<std::string>& placeholders)
    : asked_(asked_of(effects)),
      asks_settings_((effects & (effect::kUnknown | effect::kUnknownSetting)) != 0),
      sql_("SELECT '!'") {
    for (const auto& question : kQuestions) {
        if ((asked_ & question.effect) == 0) continue;
        sql_ += ", ";
        sql_ += question.sql;
    }
    if (!asks_settings_) return;
    sql_ += kSettingsSql;
    for (const auto& name : placeholders) {
        sql_ += " UNION ALL SELECT '=', ";
        append_literal(sql_, name);
        sql_ += ", pg_catalog.current_setting(";
        append_literal(sql_, name);
        sql_ += ", true)";
    }
}

void Inspection::on_row(base::Bytes payload) {
    base::ByteReader reader(payload);
    const int columns = reader.i16().value_or(0);
    std::vector<std::string_view> values;
    for (int i = 0; i < columns; ++i) {
        const auto length = reader.i32();
        if (!length) return;
        if (*length < 0) return;  // of a placeholder: the connection has never heard of it
        const auto bytes = reader.bytes(*length > 0 ? static_cast<std::size_t>(*length) : 0);
        if (!bytes) return;
        values.push_back(base::as_text(*bytes));
    }
    if (values.empty()) return;
    if (values[0] == "=") {
        if (values.size() == 3) settings_.emplace_back(values[1], values[2]);
        return;
    }
    std::size_t at = 1;
    for (const auto& question : kQuestions) {
        if ((asked_ & question.effect) == 0) continue;
        if (at >= values.size()) return;
        if (values[at++] != "f") found_ |= question.effect;
    }
    answered_ = true;
}

}  // namespace pgsidecar::proxy
