#include "tests/support/proxy_under_test.hpp"

#include <unistd.h>

#include <cstdlib>
#include <stdexcept>

#include "tests/support/socket.hpp"

#ifndef PGS_SIDECAR_BINARY
#error "CMake names the binary under test"
#endif

namespace pgsidecar::test {

namespace {

class Sidecar final : public ProxyUnderTest {
public:
    explicit Sidecar(const ProxySettings& settings) {
        port_ = free_port();
        http_port_ = free_port();
        Command command;
        command.argv = {sidecar_binary(),
                        "--listen-port",
                        std::to_string(port_),
                        "--http-port",
                        std::to_string(http_port_),
                        "--pool-mode",
                        settings.pool_mode,
                        "--pool-size",
                        std::to_string(settings.pool_size),
                        "--outage-spool-dir",
                        folder_.path() + "/spool"};
        for (const auto& [flag, value] : settings.flags) {
            command.argv.push_back("--" + flag);
            command.argv.push_back(value);
        }
        command.env = {{"DATABASE_URL", settings.upstream_url}};
        command.output_file = log_path_;
        process_ = ChildProcess(command);
        wait_until_ready();
    }
};

/// The sidecar's best known relative, as a check of the tests themselves and of claims about it.
class PgBouncer final : public ProxyUnderTest {
public:
    explicit PgBouncer(const ProxySettings& settings) {
        port_ = free_port();
        std::string address = settings.upstream_url.substr(settings.upstream_url.rfind('@') + 1);
        std::string server_port = address.substr(address.find(':') + 1);
        server_port = server_port.substr(0, server_port.find('/'));
        std::string file = folder_.write(
            "pgbouncer.ini",
            "[databases]\n* = host=127.0.0.1 port=" + server_port +
                "\n[pgbouncer]\n"
                "listen_addr = 127.0.0.1\nlisten_port = " +
                std::to_string(port_) +
                "\nunix_socket_dir =\nauth_type = any\nadmin_users = postgres\n"
                "ignore_startup_parameters = extra_float_digits,options\nmax_client_conn = 12000\n"
                "server_reset_query_always = 0\npool_mode = " +
                settings.pool_mode + "\ndefault_pool_size = " + std::to_string(settings.pool_size) +
                "\n");
        // `any` needs the user named in the database line.
        folder_.write("pgbouncer.ini", with_forced_user(read_file(file)));
        Command command;
        command.argv = {"/usr/sbin/pgbouncer", file};
        command.run_as = unprivileged_identity();
        command.output_file = log_path_;
        if (command.run_as)
            (void)::chown(log_path_.c_str(), command.run_as->uid, command.run_as->gid);
        process_ = ChildProcess(command);
        wait_until_ready();
    }

private:
    static std::string with_forced_user(std::string text) {
        return text.insert(text.find('\n', text.find("* =")), " user=postgres");
    }
};

class Direct final : public ProxyUnderTest {
public:
    explicit Direct(const ProxySettings& settings) {
        port_ = std::atoi(settings.upstream_url.c_str() + settings.upstream_url.rfind(':') + 1);
    }
};

}  // namespace

ProxyKind proxy_kind() {
    const char* given = std::getenv("PGS_TEST_PROXY");
    std::string kind = given != nullptr ? given : "sidecar";
    if (kind == "sidecar") return ProxyKind::Sidecar;
    if (kind == "pgbouncer") return ProxyKind::PgBouncer;
    if (kind == "direct") return ProxyKind::Direct;
    throw std::runtime_error("PGS_TEST_PROXY is " + kind +
                             "; it takes sidecar, pgbouncer or direct");
}

std::string sidecar_binary() {
    const char* given = std::getenv("PGS_TEST_BINARY");
    return given != nullptr ? given : PGS_SIDECAR_BINARY;
}

ProxyUnderTest::ProxyUnderTest() : log_path_(folder_.write("log", "")) {}

std::unique_ptr<ProxyUnderTest> ProxyUnderTest::start(ProxySettings settings) {
    return start(proxy_kind(), std::move(settings));
}

std::unique_ptr<ProxyUnderTest> ProxyUnderTest::start(ProxyKind kind, ProxySettings settings) {
    if (settings.upstream_url.empty()) settings.upstream_url = shared_cluster().url();
    switch (kind) {
        case ProxyKind::Sidecar: return std::make_unique<Sidecar>(settings);
        case ProxyKind::PgBouncer: return std::make_unique<PgBouncer>(settings);
        case ProxyKind::Direct: return std::make_unique<Direct>(settings);
    }
    return nullptr;
}

void ProxyUnderTest::wait_until_ready() {
    bool ready = eventually(20s, [this] {
        if (!process_.running()) return true;
        if (!Socket::try_connect_tcp(port_, 1s)) return false;
        return http_port_ == 0 || http_get(http_port_, "/readyz", 1s).status == 200;
    });
    if (!ready || !process_.running()) {
        throw std::runtime_error("the proxy does not get ready; its last words:\n" + log_tail());
    }
}

std::string ProxyUnderTest::conninfo(const std::string& user, const std::string& more) const {
    return "host=127.0.0.1 port=" + std::to_string(port_) + " user=" + user +
           " dbname=postgres sslmode=disable gssencmode=disable connect_timeout=10 " + more;
}

double ProxyUnderTest::metric(const std::string& name, const Metrics::Labels& labels) const {
    return metrics().value(name, labels);
}

int ProxyUnderTest::terminate(Deadline deadline) {
    process_.signal(SIGTERM);
    return process_.exit_code(deadline);
}

}  // namespace pgsidecar::test
