#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "audit/spool.hpp"

namespace pgsidecar::audit {

/// A look at a spool for people, while a sidecar runs on it or not; takes no lock and changes
/// nothing. Reads around pages that cannot be read. Thread: its owner's.
class SpoolView {
public:
    struct Entry {
        StoredEntry stored;
        std::uint64_t bytes = 0;
        bool damaged = false;
        bool salvaged = false;  ///< found outside the tables: may be in the database already
    };
    struct Letter {
        DeadLetter letter;
        std::uint64_t bytes = 0;
        bool salvaged = false;
    };
    /// What verify() came to.
    struct Health {
        std::string problem;  ///< a sentence about the file as a whole; empty: usable
        std::vector<std::uint64_t> damaged;  ///< entries, which the sidecar will set aside
        std::uint64_t damaged_records = 0;   ///< rows, which the sidecar will drop
        std::uint64_t waiting = 0, bytes = 0, dead = 0, records = 0;
        std::string id;
    };

    /// folder: what spool_folder() gives. A sentence and null when there is nothing to look at.
    static std::unique_ptr<SpoolView> open(const std::string& folder, std::string& problem);
    ~SpoolView();
    SpoolView(const SpoolView&) = delete;
    SpoolView& operator=(const SpoolView&) = delete;

    /// In the order of their sequences, one at a time; false to stop. When something cannot be
    /// read, what the pages of the file still hold of it follows.
    void waiting(const std::function<bool(const Entry&)>& visit);
    void dead(const std::function<bool(const Letter&)>& visit);
    /// Something could not be read so far: entries may be missing from what was visited.
    bool incomplete() const;
    /// The check that a start makes. Reads everything.
    Health verify();

private:
    struct Impl;
    explicit SpoolView(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace pgsidecar::audit
