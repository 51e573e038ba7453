#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tests/fault/soak_lib/checker.hpp"
#include "tests/fault/soak_lib/target.hpp"
#include "tests/fault/soak_lib/writer.hpp"
#include "tests/support/gate.hpp"
#include "tests/support/pg_cluster.hpp"

namespace pgsidecar::test::soak {

/// The PostgreSQL and the network that all runs of a soak share.
class World {
public:
    /// `forgetful`: a server that acknowledges commits before they are safe (a control).
    explicit World(bool forgetful);

    PgCluster& cluster() { return cluster_; }
    Gate& gate() { return gate_; }
    /// An empty audit_logs.
    void empty_table();
    /// The table in the order in which the rows were inserted, once no statement runs any more.
    std::vector<Row> rows();
    bool quiet();

private:
    PgCluster cluster_;
    Gate gate_;
};

struct RunResult {
    Tally tally;
    std::vector<std::string> faults;  ///< what went wrong beside the rows, in words
    std::string log_tail;             ///< of the target, when something went wrong
    int crashes_reached = 0;          ///< armed crash points at which the sidecar died

    bool failed() const { return tally.failed() || !faults.empty(); }
};

using MakeTarget = std::function<std::unique_ptr<Target>(const Plan&, int gate_port)>;

/// Plays one plan: writers write, faults happen, all is healed, what was accepted is waited for,
/// the rows are counted. `keep`: a folder for what tells why a run failed; empty: none.
RunResult play(World& world, const Plan& plan, const MakeTarget& make_target, WriterRules rules,
               const std::string& keep);

}  // namespace pgsidecar::test::soak
