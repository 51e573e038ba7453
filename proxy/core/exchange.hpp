#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "model/statement_shape.hpp"
#include "protocol/session/reply_queue.hpp"
#include "proxy/core/statement_step.hpp"

namespace pgsidecar::proxy {

class Session;

/// Whose request it was and what it was for.
enum class Purpose : std::uint8_t {
    Client,         ///< a client's own; the reply is relayed
    ApplySettings,  ///< makes the connection's settings those of the next client; swallowed
    CheckSettings,  ///< the same at login: its success or error decides the login; swallowed
    Reset,          ///< DISCARD ALL after a session; swallowed
    Begin,          ///< opens the transaction that the client was already told of; swallowed
    PrepareAgain,   ///< a client's named statement, after a loss; swallowed
    Prepare,        ///< makes the client's next message possible; success swallowed, errors relayed
    Restore,        ///< after RESET: the values of the client's startup packet; swallowed
    Inspect,        ///< asks what a client has on the connection; swallowed
    ReadSettings,   ///< asks for settings that the client may have changed; swallowed
};

/// What is remembered of a request until its reply is complete.
struct Expected {
    Session* owner = nullptr;  ///< null for the proxy's own requests
    Purpose purpose = Purpose::Client;
    model::StatementShapePtr shape;  ///< of the (first) statement
    /// The further statements of a simple Query with several; next is the index of the one that
    /// runs now.
    std::shared_ptr<const std::vector<model::StatementShapePtr>> all;
    std::size_t next = 0;
    std::int64_t start_mono_ns = 0;
    std::int64_t start_wall_us = 0;
    std::int64_t pool_wait_ns = 0;
    std::uint64_t rows = 0;  ///< returned so far by the running statement
    std::uint64_t bytes = 0;
    bool outdated = false;  ///< its error is to say that the statement's result has changed
    StatementStep step{};   ///< what it does to prepared statements, where connections are shared
};

/// True when some statement of the request has one of these model::session_effect bits.
inline bool has_effect(const Expected& expected, unsigned effects) {
    auto has = [effects](const model::StatementShapePtr& shape) {
        return shape && (shape->effects & effects) != 0;
    };
    if (!expected.all) return has(expected.shape);
    return std::any_of(expected.all->begin(), expected.all->end(), has);
}

using ReplyQueue = protocol::ReplyQueue<Expected>;

}  // namespace pgsidecar::proxy
