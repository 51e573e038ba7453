#include "tests/support/pg_cluster.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>

#include "tests/support/pq.hpp"
#include "tests/support/socket.hpp"

namespace pgsidecar::test {

namespace {

/// $PGS_TEST_PG_BIN, or the newest of Debian's folders, or whatever PATH has.
std::string find_binaries() {
    if (const char* given = std::getenv("PGS_TEST_PG_BIN")) return std::string(given) + "/";
    std::vector<std::string> found;
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator("/usr/lib/postgresql", ignored)) {
        if (std::filesystem::exists(entry.path() / "bin/initdb"))
            found.push_back(entry.path().string() + "/bin/");
    }
    return found.empty() ? "" : *std::max_element(found.begin(), found.end());
}

constexpr const char* kAccess =
    "local all all trust\n"
    "host all app_md5 127.0.0.1/32 md5\n"
    "host all app_scram 127.0.0.1/32 scram-sha-256\n"
    "host all all 127.0.0.1/32 trust\n";

constexpr const char* kRoles =
    "create role app login;"
    "set password_encryption = 'md5'; create role app_md5 login password 'secret';"
    "set password_encryption = 'scram-sha-256'; create role app_scram login password 'secret';"
    "grant all on schema public to public";

}  // namespace

PgCluster::PgCluster(const std::string& extra_configuration)
    : identity_(unprivileged_identity()), folder_(identity_), port_(free_port()) {
    Command initdb;
    initdb.argv = {binary("initdb"),
                   "-D",
                   folder_.path() + "/data",
                   "-U",
                   "postgres",
                   "-A",
                   "trust",
                   "--no-sync",
                   "-E",
                   "UTF8",
                   "--locale=C"};
    initdb.run_as = identity_;
    initdb.working_folder = folder_.path();
    run(initdb, 60s);
    configure(extra_configuration);
    start();
    PqConnection(conninfo()).run(kRoles);
}

PgCluster::~PgCluster() {
    thaw();
    server_.signal(SIGQUIT);
    server_.wait(5s);
}

std::string PgCluster::binary(const std::string& name) const {
    static const std::string folder = find_binaries();
    return folder + name;
}

void PgCluster::configure(const std::string& extra) {
    // authentication_timeout: a connection that says nothing during a shutdown gets a child that
    // the postmaster signals in no way, and waits for (until PostgreSQL 17).
    std::ofstream(folder_.path() + "/data/postgresql.conf", std::ios::app)
        << "listen_addresses = '127.0.0.1'\nport = " << port_ << "\nunix_socket_directories = '"
        << folder_.path() << "'\n"
        << "fsync = off\nsynchronous_commit = off\nfull_page_writes = off\nautovacuum = off\n"
        << "authentication_timeout = 5s\n"
        << "max_connections = 150\nshared_buffers = 32MB\nmax_wal_size = 256MB\n"
        << "log_min_messages = log\nlog_min_error_statement = panic\n"
        << "log_line_prefix = '%m [%p] %q%u@%d '\ntimezone = 'UTC'\nlc_messages = 'C'\n"
        << extra << "\n";
    std::ofstream(folder_.path() + "/data/pg_hba.conf") << kAccess;
}

std::string PgCluster::conninfo(const std::string& user) const {
    return "host=127.0.0.1 port=" + std::to_string(port_) + " user=" + user +
           " dbname=postgres sslmode=disable gssencmode=disable connect_timeout=10";
}

std::string PgCluster::url(const std::string& user, const std::string& password) const {
    return "postgres://" + user + (password.empty() ? "" : ":" + password) +
           "@127.0.0.1:" + std::to_string(port_) + "/postgres";
}

void PgCluster::start() {
    Command command;
    command.argv = {binary("postgres"), "-D", folder_.path() + "/data"};
    command.run_as = identity_;
    command.working_folder = folder_.path();
    command.output_file = folder_.path() + "/log";
    // Immediate shutdown takes the children along.
    command.death_signal = SIGQUIT;
    server_ = ChildProcess(command);
    bool up = eventually(
        60s, [this] { return !server_.running() || PQping(conninfo().c_str()) == PQPING_OK; });
    if (!up || !server_.running())
        throw std::runtime_error("PostgreSQL does not start:\n" + log_tail());
}

void PgCluster::stop(StopMode mode) {
    server_.signal(mode == StopMode::Fast ? SIGINT : SIGQUIT);
    if (server_.wait(30s)) return;
    // A fast stop waits for every backend, also for one that a busy machine does not let run.
    server_.signal(SIGQUIT);
    if (!server_.wait(30s))
        throw std::runtime_error("PostgreSQL does not stop:\n" + processes() + log_tail());
}

std::string PgCluster::processes() const {
    std::vector<pid_t> all = children();
    all.insert(all.begin(), server_.pid());
    std::string out;
    for (pid_t pid : all) {
        const std::string folder = "/proc/" + std::to_string(pid) + "/";
        std::string status = read_file(folder + "status");
        std::string command = read_file(folder + "cmdline");
        std::ranges::replace(command, '\0', ' ');
        out += std::to_string(pid) + " " + command;
        for (const char* key : {"State:", "SigPnd:", "ShdPnd:", "SigBlk:"}) {
            auto at = status.find(key);
            if (at != std::string::npos) out += status.substr(at, status.find('\n', at) - at) + " ";
        }
        out += "in " + read_file(folder + "wchan") + "\n";
    }
    return out;
}

std::vector<pid_t> PgCluster::children() const {
    std::string pid = std::to_string(server_.pid());
    std::istringstream list(read_file("/proc/" + pid + "/task/" + pid + "/children"));
    return {std::istream_iterator<pid_t>(list), {}};
}

void PgCluster::kill() {
    auto orphans = children();
    server_.kill_and_reap();
    // They notice the postmaster's end by themselves; only then can the folder be used again. One
    // that waits for a client's first packet notices at authentication_timeout.
    auto gone = [&] {
        return std::ranges::all_of(orphans, [](pid_t p) { return ::kill(p, 0) != 0; });
    };
    if (!eventually(20s, gone))
        throw std::runtime_error("PostgreSQL's children outlive their postmaster");
    std::error_code ignored;
    std::filesystem::remove(folder_.path() + "/data/postmaster.pid", ignored);
}

void PgCluster::signal_all(int number) const {
    if (server_.pid() <= 0) return;
    for (pid_t child : children()) ::kill(child, number);
    server_.signal(number);
}

void PgCluster::freeze() { signal_all(SIGSTOP); }
void PgCluster::thaw() { signal_all(SIGCONT); }

PgCluster& shared_cluster() {
    static PgCluster cluster;
    return cluster;
}

}  // namespace pgsidecar::test
