#pragma once

#include <cstdlib>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/proxy_script/model_world.hpp"

namespace pgsidecar::test {

enum class SqlResult { Done, Failed, CopyIn, Stalled, HungUp };

/// The SQL of the model database: a handful of statements, told apart by how they begin.
///
///     SELECT 'x'              one row x            SELECT repeat(n)      one row of n bytes
///     SELECT 1/0              ERROR 22012          SELECT pg_sleep(1)    runs until cancelled
///     SELECT die()            hangs up             SELECT fatal()        FATAL 57P01, hangs up
///     SELECT '!', ...         what its session has, as proxy::Inspection asks it
///     SHOW name, SET name = value, RESET ALL, DISCARD ALL, set_config(...), BEGIN, COMMIT,
///     ROLLBACK, LISTEN, UNLISTEN, PREPARE, DO, DISCARD SEQUENCES, INSERT, UPDATE, DELETE  1, 3 and
///     2 rows      COPY ... FROM STDIN, COPY ... TO STDOUT
class ModelSql {
public:
    explicit ModelSql(ModelWorld& world) : gucs_(world.reported), world_(world) {}

    SqlResult run(std::string_view sql, bool simple, std::string& out) {
        if (status_ == 'E' && !sql.starts_with("ROLLBACK") && !sql.starts_with("COMMIT")) {
            return fail(out, "25P02", "current transaction is aborted");
        }
        if (sql.starts_with("SELECT 1/0")) return fail(out, "22012", "division by zero");
        if (sql.starts_with("SELECT pg_sleep")) return SqlResult::Stalled;
        if (sql.starts_with("SELECT die")) return SqlResult::HungUp;
        if (sql.starts_with("SELECT fatal")) {
            out += error_response("FATAL", "57P01", "terminating connection");
            return SqlResult::HungUp;
        }
        if (sql.starts_with("SELECT repeat(")) {
            auto count = static_cast<std::size_t>(std::atol(std::string(sql.substr(14)).c_str()));
            return row(out, simple, std::string(count, 'x'));
        }
        if (sql.starts_with("SELECT pg_catalog.set_config(")) return set_configs(sql, simple, out);
        if (sql.starts_with("SELECT pg_catalog.current_setting("))
            return current_settings(sql, out);
        if (sql.starts_with("SELECT lastval")) return row(out, simple, "1");
        if (sql.starts_with("SELECT '!'")) return what_is_left(sql, out);
        if (sql.starts_with("SELECT '='")) return own_settings(sql, out);
        if (sql.starts_with("SELECT '")) return row(out, simple, quoted(sql, 7));
        if (sql.starts_with("SHOW ")) return show(std::string(sql.substr(5)), simple, out);
        if (sql.starts_with("COPY ")) return copy(sql, out);
        return command(sql, out);
    }
    SqlResult fail(std::string& out, std::string_view sqlstate, std::string_view message) {
        out += error_response("ERROR", sqlstate, message);
        if (status_ == 'T') status_ = 'E';
        return SqlResult::Failed;
    }
    char status() const { return status_; }
    const std::map<std::string, std::string>& gucs() const { return gucs_; }

private:
    SqlResult tagged(std::string& out, std::string_view tag) {
        out += complete(tag);
        return SqlResult::Done;
    }
    SqlResult row(std::string& out, bool simple, const std::string& value) {
        if (simple) out += row_description("v");
        out += data_row(value);
        return tagged(out, "SELECT 1");
    }
    SqlResult show(const std::string& name, bool simple, std::string& out) {
        auto it = find(name);
        return row(out, simple, it == gucs_.end() ? "unset" : it->second);
    }
    SqlResult command(std::string_view sql, std::string& out) {
        if (sql.starts_with("BEGIN")) {
            status_ = 'T';
            return tagged(out, "BEGIN");
        }
        if (sql.starts_with("COMMIT") || sql.starts_with("ROLLBACK")) {
            bool committed = sql.starts_with("COMMIT") && status_ != 'E';
            status_ = 'I';
            return tagged(out, committed ? "COMMIT" : "ROLLBACK");
        }
        for (std::string_view word : {"LISTEN", "UNLISTEN", "PREPARE", "DO"}) {
            if (!sql.starts_with(word)) continue;
            if (word == "PREPARE") prepares_ = true;
            if (word.ends_with("LISTEN")) listens_ = word == "LISTEN";
            return tagged(out, word);
        }
        if (sql == "DISCARD SEQUENCES" || sql == "DEALLOCATE ALL") return tagged(out, sql);
        if (sql.starts_with("INSERT")) return tagged(out, "INSERT 0 1");
        if (sql.starts_with("UPDATE")) return tagged(out, "UPDATE 3");
        if (sql.starts_with("DELETE")) return tagged(out, "DELETE 2");
        if (sql == "RESET SESSION AUTHORIZATION" || sql == "RESET ROLE")
            return tagged(out, "RESET");
        if (sql == "RESET ALL" || sql == "DISCARD ALL") {
            auto old = std::exchange(gucs_, world_.reported);
            own_.clear();
            if (sql == "DISCARD ALL") listens_ = prepares_ = false;
            for (const auto& [name, value] : gucs_) {
                if (old[name] != value) out += parameter_status(name, value);
            }
            return tagged(out, sql == "RESET ALL" ? "RESET" : "DISCARD ALL");
        }
        if (sql.starts_with("SET ")) {
            std::size_t equals = sql.find(" = ");
            return set(std::string(sql.substr(4, equals - 4)), std::string(sql.substr(equals + 3)),
                       out)
                       ? tagged(out, "SET")
                       : SqlResult::Failed;
        }
        return fail(out, "42601", "syntax error");
    }
    /// '!' and then t or f for each question.
    SqlResult what_is_left(std::string_view sql, std::string& out) {
        std::vector<std::string> values = {"!"};
        for (std::string_view question : {", EXISTS(", ", CASE "}) {
            for (auto at = sql.find(question); at != sql.npos; at = sql.find(question, at + 1)) {
                const auto asked = sql.substr(at, 60);
                const bool there = (listens_ && asked.find("listening") != sql.npos) ||
                                   (prepares_ && asked.find("prepared") != sql.npos);
                values.emplace_back(there ? "t" : "f");
            }
        }
        out += row_of(values);
        return tagged(out, "SELECT 1");
    }
    /// '=', name, value: pg_settings of source session, and those with names of their own that are
    /// asked for.
    SqlResult own_settings(std::string_view sql, std::string& out) {
        for (const auto& name : own_) {
            if (name.find('.') == name.npos) out += row_of({"=", name, gucs_[name]});
        }
        constexpr std::string_view kAsks = "pg_catalog.current_setting('";
        for (auto at = sql.find(kAsks); at != sql.npos; at = sql.find(kAsks, at + 1)) {
            const std::string name = quoted(sql, at);
            if (gucs_.contains(name)) out += row_of({"=", name, gucs_[name]});
        }
        return tagged(out, "SELECT 1");
    }
    static std::string row_of(const std::vector<std::string>& values) {
        std::string columns = be16(static_cast<std::uint16_t>(values.size()));
        for (const auto& value : values)
            columns += be32(static_cast<std::uint32_t>(value.size())) + value;
        return typed('D', columns);
    }
    SqlResult copy(std::string_view sql, std::string& out) {
        if (sql.ends_with("FROM STDIN")) {
            out += typed('G', std::string(1, '\0') + be16(0));
            return SqlResult::CopyIn;
        }
        out += typed('H', std::string(1, '\0') + be16(0));
        out += typed('d', "one\n") + typed('d', "two\n") + typed('c');
        return tagged(out, "COPY 2");
    }
    /// SELECT pg_catalog.set_config('a','b',false),pg_catalog.set_config(...)
    SqlResult set_configs(std::string_view sql, bool simple, std::string& out) {
        for (std::size_t at = sql.find('('); at != std::string_view::npos;
             at = sql.find('(', at + 1)) {
            std::string name = quoted(sql, at + 1);
            std::string value = quoted(sql, sql.find(',', at) + 1);
            if (!set(name, value, out)) return SqlResult::Failed;
        }
        return row(out, simple, "set");
    }
    /// SELECT pg_catalog.current_setting('a',true),...
    SqlResult current_settings(std::string_view sql, std::string& out) {
        std::string values;
        std::uint16_t count = 0;
        for (std::size_t at = sql.find('('); at != std::string_view::npos;
             at = sql.find('(', at + 1), ++count) {
            auto it = find(quoted(sql, at + 1));
            if (it == gucs_.end()) {
                values += be32(0xffffffff);
            } else {
                values += be32(static_cast<std::uint32_t>(it->second.size())) + it->second;
            }
        }
        out += row_description("v") + typed('D', be16(count) + values);
        return tagged(out, "SELECT 1");
    }
    bool set(const std::string& name, const std::string& value, std::string& out) {
        if (world_.bad_gucs.contains(name)) {
            fail(out, "42704", "unrecognized configuration parameter \"" + name + "\"");
            return false;
        }
        auto it = find(name);
        const std::string& spelling = it == gucs_.end() ? name : it->first;
        if (world_.reported.contains(spelling) && it->second != value)
            out += parameter_status(spelling, value);
        gucs_[spelling] = value;
        own_.insert(spelling);
        return true;
    }
    std::map<std::string, std::string>::iterator find(std::string_view name) {
        auto same = [&](const auto& guc) {
            return std::ranges::equal(guc.first, name, {}, ::tolower, ::tolower);
        };
        return std::find_if(gucs_.begin(), gucs_.end(), same);
    }
    static std::string quoted(std::string_view sql, std::size_t at) {
        at = sql.find('\'', at);
        return std::string(sql.substr(at + 1, sql.find('\'', at + 1) - at - 1));
    }

    std::map<std::string, std::string> gucs_;
    std::set<std::string> own_;  ///< set since the last RESET ALL
    bool listens_ = false, prepares_ = false;
    ModelWorld& world_;
    char status_ = 'I';
};

}  // namespace pgsidecar::test
