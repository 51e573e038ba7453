#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace pgsidecar::test::soak {

/// What a client can say about a write once it has what answer there is.
enum class Outcome : std::uint8_t {
    Acknowledged,  ///< it was told that the write is done
    Refused,       ///< it was told, or knows, that the write did not happen and will not
    Unknown,       ///< connection lost or 08007 with the fate open: once or not at all
};

/// Numbers `first` to `first + count - 1` of a client, written all or nothing.
struct Attempt {
    int client = 0;
    int first = 0;
    int count = 1;
    Outcome outcome = Outcome::Unknown;
    std::string how;  ///< style of the write and what was answered, for people
};

/// What one client did, in order; kept outside the system under test.
struct Journal {
    int client = 0;
    std::vector<Attempt> attempts;
    int stale_reads = 0;  ///< a read that did not show an acknowledged write of this client
    int unanswered = 0;   ///< statements without any answer long after everything was healed
    std::string last_error;
};

/// What every row carries beside its numbers; any change of it on the way shows.
std::string payload_of(int client, int number);

}  // namespace pgsidecar::test::soak
