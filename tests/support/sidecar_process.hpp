#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/http.hpp"
#include "tests/support/pg_cluster.hpp"

namespace pgsidecar::test {

struct SidecarOptions {
    std::string upstream_url;  ///< DATABASE_URL
    std::string spool_folder;  ///< outage.spool_dir; empty: not named, the sidecar's own choice
    std::string pool_mode = "transaction";
    int pool_size = 5;
    /// More settings by the flag's name without dashes and its value.
    std::vector<std::pair<std::string, std::string>> flags;
    std::vector<std::string> switches;  ///< flags without a value, with their dashes
    std::vector<std::pair<std::string, std::string>> env;
    std::optional<Identity> run_as;
};

/// Settings that make an outage short enough for a test: quick retries, short waits.
std::vector<std::pair<std::string, std::string>> quick_outage_flags();

/// The sidecar as a process that may be killed and started again: same ports, same spool folder,
/// one log for all its lives. Start it from a thread that stays.
class SidecarProcess {
public:
    explicit SidecarProcess(SidecarOptions options);
    /// At the same ports as another, which it is to take over from.
    SidecarProcess(SidecarOptions options, const SidecarProcess& old);

    /// Starts it without waiting. `crash_at`: PGSIDECAR_CRASH_AT, NAME or NAME:n; empty for none.
    void launch(const std::string& crash_at = "");
    /// Starts it and waits until it takes clients; throws with its last words when it does not.
    void start(const std::string& crash_at = "");
    /// SIGKILL, as in a crash.
    void kill() { process_.kill_and_reap(); }
    /// SIGTERM, then the exit code, or -1 when the deadline passes.
    int terminate(Deadline deadline);

    bool running() { return process_.running(); }
    /// The wait status of the last life once it has ended.
    std::optional<int> status(Deadline deadline = 0ms) { return process_.wait(deadline); }
    /// True when SIGKILL ended it before the deadline: ours, or a crash point.
    bool was_killed(Deadline deadline);
    void signal(int number) const { process_.signal(number); }
    pid_t pid() const { return process_.pid(); }

    int port() const { return port_; }
    int http_port() const { return http_port_; }
    SidecarOptions& options() { return options_; }  ///< hold from the next launch on
    std::string conninfo(const std::string& user = "postgres", const std::string& more = "") const;
    bool takes_clients() const;
    /// The status of GET /readyz; 0 when nobody answers.
    int readiness() const { return http_get(http_port_, "/readyz", 1s).status; }
    Metrics metrics() const { return Metrics::scrape(http_port_); }
    std::string log() const { return read_file(log_path_); }
    const std::string& log_path() const { return log_path_; }
    std::string log_tail(std::size_t lines = 40) const { return tail(log_path_, lines); }

private:
    SidecarOptions options_;
    TempFolder folder_;
    std::string log_path_;
    int port_, http_port_;
    ChildProcess process_;
};

}  // namespace pgsidecar::test
