#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "realtime/frame.hpp"

namespace pgsidecar::realtime {

/// Who is present in one room (R143-R146): what each session tracks, and what changed since the
/// last diff. Thread: the hub's.
class Presence {
public:
    /// meta: a JSON object. False: the room is full.
    bool track(const std::string& session, const std::string& key, std::string_view meta,
               std::string ref, std::size_t most);
    /// False: that session was not present.
    bool untrack(const std::string& session);

    std::string state_json() const;
    bool changed() const { return !joins_.empty() || !leaves_.empty(); }
    /// {"joins":..,"leaves":..} of all since the last call; who came and went is in neither.
    std::string take_diff();
    bool empty() const { return present_.empty() && !changed(); }
    std::size_t size() const { return present_.size(); }

private:
    struct Entry {
        std::string key;
        std::string ref;
        std::string json;  ///< the meta with its ref
    };
    using Entries = std::vector<Entry>;
    static std::string map_json(const Entries& entries);

    std::map<std::string, Entry> present_;  ///< by session
    Entries joins_, leaves_;
};

}  // namespace pgsidecar::realtime
