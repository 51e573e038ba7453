#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/http.hpp"
#include "tests/support/pg_cluster.hpp"

namespace pgsidecar::test {

/// What stands between the clients and PostgreSQL: the sidecar, or for comparison PgBouncer or
/// nothing. Chosen by PGS_TEST_PROXY=sidecar|pgbouncer|direct.
enum class ProxyKind { Sidecar, PgBouncer, Direct };
ProxyKind proxy_kind();

struct ProxySettings {
    std::string pool_mode = "transaction";
    int pool_size = 5;
    std::string upstream_url;  ///< DATABASE_URL
    /// More settings by the flag's name without dashes and its value; the sidecar alone understands
    /// them.
    std::vector<std::pair<std::string, std::string>> flags;
};

/// A running proxy. Not to be started from a thread that ends before it.
class ProxyUnderTest {
public:
    virtual ~ProxyUnderTest() = default;

    /// Starts the kind that proxy_kind() says and waits until it takes clients.
    static std::unique_ptr<ProxyUnderTest> start(ProxySettings settings);
    static std::unique_ptr<ProxyUnderTest> start(ProxyKind kind, ProxySettings settings);

    int port() const { return port_; }
    /// Zero for the stand-ins, whose counters have other names.
    int http_port() const { return http_port_; }
    /// libpq's words; `more` is appended, so it may override.
    std::string conninfo(const std::string& user = "postgres", const std::string& more = "") const;
    pid_t pid() const { return process_.pid(); }
    bool running() { return process_.pid() < 0 || process_.running(); }
    std::size_t rss() const { return resident_bytes(pid()); }
    std::size_t peak_rss() const { return resident_bytes(pid(), "VmHWM"); }
    /// A bound on memory in bytes as a test states it for the product; ten times that where the
    /// process runs under a sanitizer, which still finds what grows without an end.
    std::size_t memory_bound(std::size_t bytes) const {
        return has_sanitizer(pid()) ? bytes * 10 : bytes;
    }
    std::string log_tail(std::size_t lines = 40) const { return tail(log_path_, lines); }
    std::string log() const { return read_file(log_path_); }
    const std::string& log_path() const { return log_path_; }
    Metrics metrics() const { return Metrics::scrape(http_port_); }
    /// A counter's value now, without labels or with.
    double metric(const std::string& name, const Metrics::Labels& labels = {}) const;
    void signal(int number) { process_.signal(number); }
    /// SIGTERM, then the exit code, or -1 when the deadline passes.
    int terminate(Deadline deadline);
    int exit_code(Deadline deadline) { return process_.exit_code(deadline); }

protected:
    ProxyUnderTest();
    void wait_until_ready();

    TempFolder folder_;
    std::string log_path_;
    int port_ = 0, http_port_ = 0;
    ChildProcess process_;
};

/// The path of the binary: $PGS_TEST_BINARY, else what CMake built.
std::string sidecar_binary();

}  // namespace pgsidecar::test
