#include "app/cli/outlook_transaction.hpp"

#include <string>

namespace pgsidecar::app {

namespace {

using model::OutageClass;
using model::TransactionVerb;

std::string failed(const StatementOutlook& statement) {
    return statement.control && statement.shape->verb != TransactionVerb::Begin
               ? "answered ROLLBACK, for its transaction has failed."
               : "refused with 25P02, for its transaction has failed.";
}

}  // namespace

void OutlookTransaction::follow(StatementOutlook& statement) {
    const TransactionVerb verb = statement.shape->verb;
    switch (state_) {
        case State::None: break;
        case State::Collecting:
            if (!statement.control) collect(statement);
            break;
        case State::AtDatabase:
            statement.queued = false;
            statement.at_first = "follows its transaction, which waits for the database.";
            statement.afterwards = failed(statement);
            break;
        case State::Failed:
            statement.queued = false;
            statement.at_first = failed(statement);
            statement.afterwards = "the same.";
            break;
    }
    if (verb == TransactionVerb::Commit || verb == TransactionVerb::Rollback) state_ = State::None;
    if (verb != TransactionVerb::Begin || state_ != State::None) return;
    state_ = statement.truthful ? State::Collecting : State::AtDatabase;
    wrote_ = false;
}

void OutlookTransaction::collect(StatementOutlook& statement) {
    if (statement.queued) {
        wrote_ = true;
        statement.at_first = "answered INSERT 0 " + std::to_string(statement.rows) +
                             " at once; COMMIT puts it on this machine's disk, with the rest "
                             "of its transaction.";
    } else if (wrote_) {
        state_ = State::Failed;
        statement.at_first =
            "refused at once with 08006, and its transaction fails: one is queued only when "
            "it holds nothing but queueable writes.";
        statement.afterwards = "the same.";
    } else if (statement.outage_class == OutageClass::Reject) {
        state_ = State::Failed;
        statement.at_first += " Its transaction fails.";
    } else {
        state_ = State::AtDatabase;
        statement.at_first += " Its BEGIN goes with it.";
    }
}

}  // namespace pgsidecar::app
