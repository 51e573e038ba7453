#pragma once

#include <string>
#include <vector>

#include "tests/support/child_process.hpp"
#include "tests/support/temp_folder.hpp"

namespace pgsidecar::test {

enum class StopMode { Fast, Immediate };

/// A PostgreSQL server of the test's own: temporary folder, free port, Unix socket in the folder,
/// no fsync. Stopped and removed by the destructor, or by the kernel and a guardian when the test
/// dies.
///
/// Roles: postgres (superuser) and app, trusted; app_md5 and app_scram with password "secret" that
/// the server asks for by that method on TCP. Database postgres.
class PgCluster {
public:
    /// `extra_configuration`: lines for postgresql.conf.
    explicit PgCluster(const std::string& extra_configuration = "");
    ~PgCluster();

    /// libpq's words for the TCP address; user and database may be overridden by appending more.
    std::string conninfo(const std::string& user = "postgres") const;
    /// postgres://user[:password]@127.0.0.1:port/postgres
    std::string url(const std::string& user = "postgres", const std::string& password = "") const;
    int port() const { return port_; }
    std::string socket_folder() const { return folder_.path(); }
    pid_t postmaster() const { return server_.pid(); }

    void start();
    void stop(StopMode mode);
    void restart(StopMode mode) { stop(mode), start(); }
    /// SIGKILL to the postmaster and, once they notice, its children are gone.
    void kill();
    /// SIGSTOP to the postmaster and all its children: connections stay, nothing answers.
    void freeze();
    void thaw();

    std::string log_tail(std::size_t lines = 40) const {
        return tail(folder_.path() + "/log", lines);
    }

private:
    void configure(const std::string& extra);
    std::vector<pid_t> children() const;
    /// What each of its processes does, for who must find out why they do not end.
    std::string processes() const;
    void signal_all(int number) const;
    std::string binary(const std::string& name) const;

    std::optional<Identity> identity_;
    TempFolder folder_;
    int port_;
    ChildProcess server_;
};

/// The one cluster of this test program, started at first use.
PgCluster& shared_cluster();

}  // namespace pgsidecar::test
