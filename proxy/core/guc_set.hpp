#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace pgsidecar::proxy {

/// The session settings (GUCs) that a client wants on top of the server connection's own.
/// Immutable, interned: two clients with the same wishes share one object, so that "does this
/// connection fit" is one pointer comparison.
struct GucSet {
    std::vector<std::pair<std::string, std::string>> values;  ///< sorted by lower-case name
    std::string
        apply_sql;  ///< takes a connection from any other set to this one, in one simple Query
    /// Has role or session_authorization, which RESET ALL leaves alone.
    bool changes_identity = false;
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

private:
    GucSetPtr intern(std::vector<std::pair<std::string, std::string>> sorted);
    void sweep();

    std::unordered_map<std::string, std::weak_ptr<const GucSet>> sets_;
    std::size_t sweep_at_ = 1024;
    GucSetPtr none_;
};

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
