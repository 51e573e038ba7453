#pragma once

#include <cstdint>

#include "app/cli/outage_outlook.hpp"

namespace pgsidecar::app {

/// What becomes of the statements of a BEGIN ... COMMIT that come one by one; as proxy::Standin
/// carries it out.
class OutlookTransaction {
public:
    /// The statements in order, each with what would become of it alone.
    void follow(StatementOutlook& statement);

private:
    enum class State : std::uint8_t { None, Collecting, AtDatabase, Failed };

    void collect(StatementOutlook& statement);

    State state_ = State::None;
    bool wrote_ = false;
};

}  // namespace pgsidecar::app
