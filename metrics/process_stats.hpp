#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pgsidecar::metrics {

/// What the kernel says of this process (proc(5)), under the standard process_* names.
struct ProcessStats {
    double cpu_seconds = 0;
    std::uint64_t virtual_memory_bytes = 0;
    std::uint64_t resident_memory_bytes = 0;
    double start_time_seconds = 0;  ///< since 1970
    std::uint64_t threads = 0;
    std::optional<std::uint64_t> open_fds, max_fds;
};

/// Reads /proc/self now. nullopt when /proc is not mounted. Thread: any.
std::optional<ProcessStats> read_process_stats();

/// The fields of one line of /proc/<pid>/stat, whose command may hold spaces and parentheses.
std::optional<ProcessStats> parse_process_stat(std::string_view line, std::int64_t ticks_per_second,
                                               std::int64_t page_bytes,
                                               std::int64_t boot_time_seconds);

}  // namespace pgsidecar::metrics
