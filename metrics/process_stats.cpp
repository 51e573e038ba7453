#include "metrics/process_stats.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

namespace pgsidecar::metrics {

namespace {

// Fields of proc(5)'s stat after the command, which is field 2.
constexpr std::size_t kFirstField = 3;
constexpr std::size_t kUserTime = 14, kSystemTime = 15, kThreads = 20, kStartTime = 22,
                      kVirtualSize = 23, kResident = 24;

std::optional<std::int64_t> boot_time_seconds() {
    std::ifstream file("/proc/stat");
    std::string word;
    while (file >> word) {
        std::int64_t value = 0;
        if (word == "btime" && file >> value) return value;
    }
    return std::nullopt;
}

std::optional<std::uint64_t> count_open_fds() {
    std::error_code error;
    std::filesystem::directory_iterator entries("/proc/self/fd", error);
    if (error) return std::nullopt;
    std::uint64_t count = 0;
    for (; entries != std::filesystem::directory_iterator(); entries.increment(error)) {
        if (error) return std::nullopt;
        ++count;
    }
    return count - 1;  // the one that reads the folder
}

std::optional<std::uint64_t> fd_limit() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
        return std::nullopt;
    return limit.rlim_cur;
}

}  // namespace

std::optional<ProcessStats> parse_process_stat(std::string_view line, std::int64_t ticks_per_second,
                                               std::int64_t page_bytes,
                                               std::int64_t boot_time_seconds) {
    const std::size_t command_end = line.rfind(')');
    if (command_end == std::string_view::npos) return std::nullopt;
    line.remove_prefix(command_end + 1);
    std::array<std::uint64_t, kResident + 1> fields{};
    std::size_t field = kFirstField;
    while (field < fields.size()) {
        const std::size_t begin = line.find_first_not_of(" \n");
        if (begin == std::string_view::npos) return std::nullopt;
        const std::size_t end = std::min(line.find_first_of(" \n", begin), line.size());
        // The state is a letter and some fields are negative; none of them is used.
        std::from_chars(line.data() + begin, line.data() + end, fields[field]);
        line.remove_prefix(end);
        ++field;
    }
    const auto ticks = static_cast<double>(ticks_per_second);
    ProcessStats stats;
    stats.cpu_seconds = static_cast<double>(fields[kUserTime] + fields[kSystemTime]) / ticks;
    stats.threads = fields[kThreads];
    stats.virtual_memory_bytes = fields[kVirtualSize];
    stats.resident_memory_bytes = fields[kResident] * static_cast<std::uint64_t>(page_bytes);
    stats.start_time_seconds =
        static_cast<double>(boot_time_seconds) + static_cast<double>(fields[kStartTime]) / ticks;
    return stats;
}

std::optional<ProcessStats> read_process_stats() {
    std::ifstream file("/proc/self/stat");
    const std::string line{std::istreambuf_iterator<char>(file), {}};
    auto stats = parse_process_stat(line, sysconf(_SC_CLK_TCK), sysconf(_SC_PAGESIZE),
                                    boot_time_seconds().value_or(0));
    if (!stats) return std::nullopt;
    stats->open_fds = count_open_fds();
    stats->max_fds = fd_limit();
    return stats;
}

}  // namespace pgsidecar::metrics
