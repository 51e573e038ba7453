#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "base/random.hpp"
#include "proxy/mock/expression.hpp"
#include "proxy/mock/gucs.hpp"
#include "proxy/mock/prepared.hpp"
#include "proxy/mock/transaction.hpp"

namespace pgsidecar::proxy::mock {

/// What one connection to the mock database remembers; all but the tables ends with it.
struct Connection {
    Connection(base::Entropy& random, TableBook& book) : entropy(random), tables(book) {}
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    base::Entropy& entropy;
    TableBook& tables;
    std::string user, database;
    std::int32_t pid = 0;
    std::int64_t wall_us = 0;  ///< when the transaction began: what now() says
    Gucs gucs;
    Transaction transaction{gucs};
    Kept kept;
    std::map<std::string, std::int64_t, std::less<>> sequences;

    sql::Backslash backslash() const {
        return gucs.escapes_backslash() ? sql::Backslash::Escapes : sql::Backslash::Plain;
    }
};

}  // namespace pgsidecar::proxy::mock
