#pragma once

#include <map>
#include <memory>
#include <string>

#include "audit/spool_check.hpp"
#include "audit/spool_file.hpp"

namespace pgsidecar::audit {

/// Where the parts of a spool are.
struct SpoolPaths {
    explicit SpoolPaths(const std::string& folder)
        : database(folder + "/spool.sqlite"),
          log(database + "-wal"),
          mark(folder + "/mark"),
          take_back(folder + "/take-back") {}
    std::string database, log, mark;
    /// There after a commit that failed: a mark of what was acknowledged before it.
    std::string take_back;
};

/// A file that open_spool_file() has opened.
struct OpenedSpool {
    std::unique_ptr<SpoolFile> file;  ///< null: problem says why
    std::string problem;              ///< a sentence: what is wrong with which file, what to do
    std::map<std::string, std::uint64_t> last_of_table;  ///< of the entries that wait
    std::vector<std::uint64_t> damaged;                  ///< entries, still waiting, to be buried
    std::vector<std::uint64_t> damaged_records;          ///< rows, to be dropped
};

/// Makes the folder (0700). A sentence on failure.
std::string make_spool_folder(const std::string& folder);

/// Opens or makes the file in a folder whose lock the caller holds, and checks it whole. What fails
/// the check is left as it was. after_failure: the file must be there, and its log is emptied.
/// Takes back what a failed commit may have left: its clients were told that it has no effect.
OpenedSpool open_spool_file(const Spool::Options& options, bool after_failure);

}  // namespace pgsidecar::audit
