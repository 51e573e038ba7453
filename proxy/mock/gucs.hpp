#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pgsidecar::proxy::mock {

/// One connection's settings: PostgreSQL 15's defaults where they matter to a driver, and whatever
/// SET gave. A name that PostgreSQL does not know is kept like any other.
class Gucs {
public:
    using Values = std::map<std::string, std::string, std::less<>>;

    /// What SET and SET LOCAL did so far, cheap to keep and to go back to.
    struct State {
        std::shared_ptr<const Values> session = std::make_shared<const Values>();
        std::shared_ptr<const Values> local = std::make_shared<const Values>();
    };

    /// From the start-up packet: RESET goes back to it.
    bool set_default(std::string_view name, std::string_view value);
    /// False when there is no room left for it.
    bool set(std::string_view name, std::string_view value, bool local);
    void reset(std::string_view name);
    void reset_all();

    /// Names are matched without regard to case. Nothing for one that was never set.
    std::optional<std::string> get(std::string_view name) const;
    /// All that there are, by name.
    std::vector<std::pair<std::string, std::string>> all() const;

    const State& state() const { return state_; }
    void restore(State state) { state_ = std::move(state); }
    /// SET LOCAL ends with its transaction.
    void end_transaction() { state_.local = std::make_shared<const Values>(); }

    /// The values that ParameterStatus tells (manual, "Asynchronous Operations"), in PostgreSQL's
    /// spelling of the names.
    std::vector<std::pair<std::string_view, std::string>> reported() const;
    bool escapes_backslash() const { return get("standard_conforming_strings") == "off"; }

private:
    bool fits(std::string_view name, std::string_view value) const;

    Values defaults_;
    State state_;
};

}  // namespace pgsidecar::proxy::mock
