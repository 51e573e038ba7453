#pragma once

#include <atomic>
#include <optional>
#include <string>

#include "tests/fault/soak_lib/dice.hpp"
#include "tests/fault/soak_lib/journal.hpp"
#include "tests/fault/soak_lib/session.hpp"

namespace pgsidecar::test::soak {

struct WriterRules {
    /// For a control that knows no other protocol and no reads.
    bool simple_only = false;
    /// Not in transaction pooling, where the sidecar does not keep them for a client.
    bool named_statements = true;
    /// A control: a write whose fate is unknown is sent again, as an application might that does
    /// not care.
    bool retry_unknown = false;
};

/// A client that writes numbered rows one after the other until it is told to stop, and keeps the
/// journal of what it was told. run() on a thread of its own, the rest from any.
class Writer {
public:
    Writer(int client, std::string conninfo, std::uint64_t seed, WriterRules rules)
        : conninfo_(std::move(conninfo)), dice_(seed), rules_(rules) {
        journal_.client = client;
    }

    void run(const std::atomic<bool>& stop);
    /// How many writes have been acknowledged so far.
    std::uint64_t acknowledged() const { return acknowledged_; }
    /// Once run() has returned.
    const Journal& journal() const { return journal_; }

private:
    enum class Style : std::uint8_t {
        Simple,
        Parameters,
        Prepared,
        Block,
        BlockInOne,
        Pair,
        Pipeline
    };

    bool connected(const std::atomic<bool>& stop);
    void write_once();
    Outcome write(Style style, int first, int count, std::string& how);
    Outcome write_block(int first, int count, std::string& how);
    /// One INSERT in whatever way; `reached`: it was sent.
    Reply insert(Style style, int number, bool& reached);
    Outcome judge(const Reply& reply, std::string& how);
    void read_back();
    void clean_up(const Reply& reply);

    std::string conninfo_;
    Dice dice_;
    WriterRules rules_;
    Journal journal_;
    int next_ = 1;
    int newest_acknowledged_ = 0;
    std::optional<Session> session_;
    std::atomic<std::uint64_t> acknowledged_{0};
};

}  // namespace pgsidecar::test::soak
