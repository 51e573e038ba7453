#pragma once

#include <cstdint>

namespace pgsidecar::proxy {

/// Since when a session has been doing the same, for its timeouts.
///
/// The session counts what happens; look(), called a few times a second, sees what has changed
/// since. So a time is never over too early, and late by one look at most, and a statement reads no
/// clock for it.
class SessionClock {
public:
    enum class Phase : std::uint8_t {
        Waiting,  ///< for us: for a connection, the spool, the database
        Idle,
        InTransaction,  ///< with no statement running
        Running,
    };

    // Things that happen.
    void heard() { ++inputs_; }
    void statement_over() { ++statements_; }
    void transaction_over() { ++transactions_; }

    void look(Phase phase, std::int64_t now_ns) {
        // A client that sends on does not make the running statement a new one.
        bool same = phase == phase_ && statements_ == seen_statements_ &&
                    (inputs_ == seen_inputs_ || phase == Phase::Running);
        if (!same || since_ns_ < 0) {
            since_ns_ = now_ns;
            canceled_ = false;
        }
        bool open = phase == Phase::Running || phase == Phase::InTransaction;
        if (!open || transactions_ != seen_transactions_ || transaction_since_ns_ < 0)
            transaction_since_ns_ = open ? now_ns : -1;
        phase_ = phase;
        seen_inputs_ = inputs_;
        seen_statements_ = statements_;
        seen_transactions_ = transactions_;
    }

    Phase phase() const { return phase_; }
    std::int64_t lasted_ns(std::int64_t now_ns) const { return now_ns - since_ns_; }
    /// 0 outside a transaction; a statement outside of one is one.
    std::int64_t transaction_ns(std::int64_t now_ns) const {
        return transaction_since_ns_ < 0 ? 0 : now_ns - transaction_since_ns_;
    }

    /// The running statement was canceled because of its time.
    void set_canceled() { canceled_ = true; }
    /// True until the next statement ends.
    bool canceled() const { return canceled_ && statements_ == seen_statements_; }

private:
    std::int64_t since_ns_ = -1, transaction_since_ns_ = -1;
    std::uint32_t inputs_ = 0, statements_ = 0, transactions_ = 0;
    std::uint32_t seen_inputs_ = 0, seen_statements_ = 0, seen_transactions_ = 0;
    Phase phase_ = Phase::Waiting;
    bool canceled_ = false;
};

}  // namespace pgsidecar::proxy
