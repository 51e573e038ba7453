#include "tests/fault/soak_lib/run.hpp"
#include "tests/support/pq.hpp"

namespace pgsidecar::test::soak {

namespace {

/// Durable against the kill of processes, which is all that happens here. The forgetful one keeps
/// a second of commits in memory.
std::string configuration(bool forgetful) {
    return forgetful ? "synchronous_commit = off\nwal_writer_delay = 10s\n"
                       "wal_writer_flush_after = 100MB\nwal_buffers = 64MB\n"
                     : "synchronous_commit = on\n";
}

}  // namespace

World::World(bool forgetful) : cluster_(configuration(forgetful)), gate_(cluster_.port()) {
    // No unique constraint: a duplicate is to show, not to be refused.
    PqConnection(cluster_.conninfo())
        .run(
            "create table audit_logs (seq bigserial, client int not null, number int not null, "
            "payload text not null); create index on audit_logs (client, number)");
}

void World::empty_table() {
    PqConnection c(cluster_.conninfo());
    c.run("set lock_timeout = '10s'; truncate audit_logs");
}

bool World::quiet() {
    PqConnection c(cluster_.conninfo());
    return c.scalar(
               "select count(*) from pg_stat_activity where backend_type = 'client backend' "
               "and pid <> pg_backend_pid() and state = 'active'") == "0";
}

std::vector<Row> World::rows() {
    PqConnection c(cluster_.conninfo());
    PqResult result = c.query("select client, number, payload from audit_logs order by seq");
    std::vector<Row> out;
    for (int i = 0; i < PQntuples(result.get()); ++i) {
        out.push_back(
            {std::stoi(result.value(i, 0)), std::stoi(result.value(i, 1)), result.value(i, 2)});
    }
    return out;
}

}  // namespace pgsidecar::test::soak
