#include "tests/support/sidecar_process.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <stdexcept>

#include "tests/support/proxy_under_test.hpp"
#include "tests/support/socket.hpp"

namespace pgsidecar::test {

std::vector<std::pair<std::string, std::string>> quick_outage_flags() {
    return {{"max-retries", "1"},
            {"retry-delay-ms", "100"},
            {"health-timeout-ms", "1000"},
            {"health-reconnect-slow-interval-ms", "100"},
            {"pool-connect-timeout-ms", "1000"},
            {"outage-queue-after-ms", "20"},
            {"outage-flush-retry-ms", "50"},
            {"shutdown-client-wait-ms", "500"}};
}

SidecarProcess::SidecarProcess(SidecarOptions options)
    : options_(std::move(options)),
      log_path_(folder_.write("log", "")),
      port_(free_port()),
      http_port_(free_port()) {
    if (options_.run_as)
        (void)::chown(log_path_.c_str(), options_.run_as->uid, options_.run_as->gid);
}

SidecarProcess::SidecarProcess(SidecarOptions options, const SidecarProcess& old)
    : SidecarProcess(std::move(options)) {
    port_ = old.port_;
    http_port_ = old.http_port_;
}

void SidecarProcess::launch(const std::string& crash_at) {
    Command command;
    command.argv = {sidecar_binary(),
                    "--listen-port",
                    std::to_string(port_),
                    "--http-port",
                    std::to_string(http_port_),
                    "--pool-mode",
                    options_.pool_mode,
                    "--pool-size",
                    std::to_string(options_.pool_size)};
    if (!options_.spool_folder.empty()) {
        command.argv.push_back("--outage-spool-dir");
        command.argv.push_back(options_.spool_folder);
    }
    for (const auto& [flag, value] : options_.flags) {
        command.argv.push_back("--" + flag);
        command.argv.push_back(value);
    }
    for (const auto& word : options_.switches) command.argv.push_back(word);
    command.env = options_.env;
    command.env.emplace_back("DATABASE_URL", options_.upstream_url);
    if (!crash_at.empty()) command.env.emplace_back("PGSIDECAR_CRASH_AT", crash_at);
    command.run_as = options_.run_as;
    command.output_file = log_path_;
    process_ = ChildProcess(command);
}

void SidecarProcess::start(const std::string& crash_at) {
    launch(crash_at);
    bool up = eventually(20s, [this] { return !running() || takes_clients(); });
    if (!up || !running())
        throw std::runtime_error("the sidecar does not start; its last words:\n" + log_tail());
}

int SidecarProcess::terminate(Deadline deadline) {
    process_.signal(SIGTERM);
    return process_.exit_code(deadline);
}

bool SidecarProcess::was_killed(Deadline deadline) {
    auto status = process_.wait(deadline);
    return status && WIFSIGNALED(*status) && WTERMSIG(*status) == SIGKILL;
}

bool SidecarProcess::takes_clients() const {
    return static_cast<bool>(Socket::try_connect_tcp(port_, 1s)) &&
           http_get(http_port_, "/livez", 1s).status == 200;
}

std::string SidecarProcess::conninfo(const std::string& user, const std::string& more) const {
    return "host=127.0.0.1 port=" + std::to_string(port_) + " user=" + user +
           " dbname=postgres sslmode=disable gssencmode=disable connect_timeout=10 " + more;
}

}  // namespace pgsidecar::test
