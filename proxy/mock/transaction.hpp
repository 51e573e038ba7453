#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "protocol/messages/transaction_status.hpp"
#include "proxy/mock/gucs.hpp"

namespace pgsidecar::proxy::mock {

/// A connection's transaction block and what a rollback takes back, which is its settings: there is
/// no data.
class Transaction {
public:
    using Status = protocol::TransactionStatus;

    explicit Transaction(Gucs& gucs) : gucs_(gucs) {}

    Status status() const { return status_; }
    bool idle() const { return status_ == Status::Idle; }
    bool failed() const { return status_ == Status::Failed; }

    /// Before a statement outside of a block: what its failure goes back to.
    void mark() {
        if (idle()) before_ = gucs_.state();
    }
    void fail();
    void begin();
    /// Ends the block; a failed one is rolled back. False: it was rolled back.
    bool commit();
    void rollback();
    /// Outside of a block, after a statement or at Sync: SET LOCAL has ended.
    void end_implicit() {
        if (idle()) gucs_.end_transaction();
    }

    /// False when there are too many.
    bool savepoint(std::string name);
    /// False when there is none of that name.
    bool release(std::string_view name);
    bool rollback_to(std::string_view name);

private:
    struct Savepoint {
        std::string name;
        Gucs::State gucs;
    };
    std::vector<Savepoint>::iterator find(std::string_view name);

    Gucs& gucs_;
    Status status_ = Status::Idle;
    Gucs::State before_;
    std::vector<Savepoint> savepoints_;
};

}  // namespace pgsidecar::proxy::mock
