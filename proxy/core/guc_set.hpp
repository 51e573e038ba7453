#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace pgsidecar::proxy {

/// Those of a set's settings that decide what a statement's text means when it is parsed.
struct ParseContext {
    std::uint64_t id = 0;  ///< 0 is the context of the server connection's own settings
    std::vector<std::pair<std::string, std::string>> values;
};
using ParseContextPtr = std::shared_ptr<const ParseContext>;

/// The session settings (GUCs) that a client wants on top of the server connection's own.
/// Immutable, interned: two clients with the same wishes share one object, so that "does this
/// connection fit" is one pointer comparison.
struct GucSet {
    std::vector<std::pair<std::string, std::string>> values;  ///< sorted by lower-case name
    std::string
        apply_sql;  ///< takes a connection from any other set to this one, in one simple Query
    /// To follow in a Query of its own: values beyond ASCII, which are read in the encoding that
    /// apply_sql has set. Mostly empty.
    std::string apply_late_sql;
    /// Has role or session_authorization, which RESET ALL leaves alone.
    bool changes_identity = false;
    /// Sets that agree in it share it; null when it has no such setting.
    ParseContextPtr parse_context;

    std::uint64_t parse_context_id() const { return parse_context ? parse_context->id : 0; }
};

using GucSetPtr = std::shared_ptr<const GucSet>;

/// Interns GucSets. Thread: its owner's.
class GucSets {
public:
    GucSets();

    const GucSetPtr& none() const { return none_; }
    /// Names are matched without regard to case, as the server does; the last value of a name wins.
    GucSetPtr make(const std::vector<std::pair<std::string, std::string>>& values);
    /// The same set with one value changed.
    GucSetPtr with(const GucSet& set, std::string_view name, std::string_view value);
    GucSetPtr without(const GucSet& set, std::string_view name);
    /// A parse context that no set has: for what is parsed under settings that nobody knows yet.
    std::uint64_t fresh_parse_context() { return ++last_context_; }

private:
    GucSetPtr intern(std::vector<std::pair<std::string, std::string>> sorted);
    void sweep();
    ParseContextPtr parse_context_of(
        const std::vector<std::pair<std::string, std::string>>& sorted);

    std::unordered_map<std::string, std::weak_ptr<const GucSet>> sets_;
    std::unordered_map<std::string, std::weak_ptr<const ParseContext>> contexts_;
    std::uint64_t last_context_ = 0;
    std::size_t sweep_at_ = 1024;
    GucSetPtr none_;
};

std::optional<std::string> value_of(const GucSet& set, std::string_view name);

/// It belongs to a ParseContext.
bool shapes_parsing(std::string_view name);

/// role and session_authorization, which RESET ALL leaves alone.
bool is_identity(std::string_view name);

/// "my.setting": nothing at the server has declared it, and its pg_settings does not list it.
inline bool is_placeholder(std::string_view name) {
    return name.find('.') != std::string_view::npos;
}

/// The text as an SQL literal that means the same whatever standard_conforming_strings says.
void append_literal(std::string& sql, std::string_view text);

/// Undoes what changes_identity stands for; goes in front of apply_sql.
inline constexpr std::string_view kResetIdentitySql = "RESET SESSION AUTHORIZATION;RESET ROLE;";

/// True when a reported name and a lower-case one are the same setting's.
bool same_setting(std::string_view reported, std::string_view lower);

/// True for the parameters that the server reports and a session can change, so that what it
/// reports in a client's own exchange is that client's wish (manual, "Asynchronous Operations").
bool is_settable_reported(std::string_view name);

}  // namespace pgsidecar::proxy
