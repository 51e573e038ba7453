#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace pgsidecar::audit {

class SpoolConnection;
class SpoolFile;

/// What the command line asks of a running sidecar, through the spool's table `commands`: SQLite
/// lets a second process write there, and the sidecar looks once a second.
struct SpoolCommand {
    std::int64_t id = 0;
    std::string verb;            ///< retry, discard
    std::uint64_t sequence = 0;  ///< 0: all
};

// The sidecar's side; inside no transaction. What it needs of the entries is committed with the
// answer.

std::vector<SpoolCommand> open_commands(SpoolConnection& connection);
/// Inside a transaction. False when the file failed.
bool carry_out(SpoolFile& file, const SpoolCommand& command);

// The command line's side.

/// Asks, and waits at most so long; false with a sentence when there was no answer. answer: for
/// people, what was done.
bool ask_running_sidecar(const std::string& folder, const SpoolCommand& command, int timeout_ms,
                         std::string& answer);

}  // namespace pgsidecar::audit
