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

private:
    GucSetPtr intern(std::vector<std::pair<std::string, std::string>> sorted);
    void sweep();

    std::unordered_map<std::string, std::weak_ptr<const GucSet>> sets_;
    std::size_t sweep_at_ = 1024;
    GucSetPtr none_;
};

/// True for the parameters that the server reports and a session can change, so that what it
/// reports in a client's own exchange is that client's wish (manual, "Asynchronous Operations").
bool is_settable_reported(std::string_view name);

}  // namespace pgsidecar::proxy
