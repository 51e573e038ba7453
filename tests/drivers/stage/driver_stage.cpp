// driver_stage <modes> <command> [arguments]: sets up PostgreSQL and, per mode, the sidecar, and
// runs the command in between. modes: direct, session, transaction, mock, joined by commas (mock:
// mode mock, without PostgreSQL behind it). The command gets in its environment
//   DATABASE_URL, PGHOST, PGPORT, PGUSER, PGDATABASE   where to connect
//   PGS_MODE             direct, session, transaction or mock
//   PGS_DIRECT_URL       past the sidecar
//   PGS_SIDECAR_PID, PGS_HTTP_PORT                      of the sidecar, when there is one
//   PGS_STAGE_PID        SIGUSR1 to it restarts PostgreSQL (fast)
// and returns 0, or 77 with the reason printed when it cannot run here.

#include <unistd.h>

#include <atomic>
#include <csignal>
#include <iostream>
#include <sstream>

#include "tests/support/proxy_under_test.hpp"

namespace {

using namespace pgsidecar::test;

std::atomic<bool> restart_asked{false};
static_assert(std::atomic<bool>::is_always_lock_free, "set by a signal handler");

int run_to_the_end(PgCluster& cluster, const Command& command) {
    ChildProcess child(command);
    while (child.running()) {
        if (restart_asked.exchange(false)) cluster.restart(StopMode::Fast);
        (void)child.wait(20ms);
    }
    return child.exit_code(1s);
}

int run_mode(PgCluster& cluster, const std::string& mode, const std::vector<std::string>& argv) {
    ProxySettings settings;
    settings.upstream_url = cluster.url();
    settings.pool_mode = mode;
    settings.pool_size = mode == "session" ? 40 : 8;
    if (mode == "mock") {
        settings.pool_mode = "session";
        settings.pool_size = 40;
        settings.flags = {{"mode", "mock"}, {"database-url", ""}};
    }
    auto proxy =
        ProxyUnderTest::start(mode == "direct" ? ProxyKind::Direct : ProxyKind::Sidecar, settings);
    std::string port = std::to_string(proxy->port());
    Command command;
    command.argv = argv;
    command.output_file = "/dev/stdout";
    command.env = {
        {"DATABASE_URL", "postgres://postgres@127.0.0.1:" + port + "/postgres?sslmode=disable"},
        {"PGHOST", "127.0.0.1"},
        {"PGPORT", port},
        {"PGUSER", "postgres"},
        {"PGDATABASE", "postgres"},
        {"PGS_MODE", mode},
        {"PGS_DIRECT_URL", cluster.url()},
        {"PGS_SIDECAR_PID", std::to_string(proxy->pid())},
        {"PGS_HTTP_PORT", std::to_string(proxy->http_port())},
        {"PGS_STAGE_PID", std::to_string(::getpid())}};
    std::cout << "== " << mode << std::endl;
    int code = run_to_the_end(cluster, command);
    if (code == 0 && mode != "direct" && proxy->terminate(30s) != 0) {
        std::cout << "the sidecar did not end cleanly" << std::endl;
        code = 1;
    }
    if (code != 0 && code != 77) {
        std::cout << "--- sidecar\n"
                  << proxy->log_tail(20) << "--- PostgreSQL\n"
                  << cluster.log_tail(20) << std::flush;
    }
    return code;
}

}  // namespace

int main(int argc, char** argv) try {
    if (argc < 3) {
        std::cerr
            << "usage: driver_stage <direct,session,transaction,mock> <command> [arguments]\n";
        return 64;
    }
    std::signal(SIGUSR1, [](int) { restart_asked = true; });
    PgCluster cluster;
    std::istringstream modes(argv[1]);
    for (std::string mode; std::getline(modes, mode, ',');) {
        if (int code = run_mode(cluster, mode, {argv + 2, argv + argc}); code != 0) return code;
    }
    return 0;
} catch (const std::exception& e) {
    std::cerr << e.what() << "\n";
    return 1;
}
