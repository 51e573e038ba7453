#include <pg_query.h>

#include <mutex>

#include "sql/analysis.hpp"

namespace pgsidecar::sql {

namespace {

/// libpg_query makes a pthread key at each thread's first use and stores it in an unguarded global;
/// the key's destructor frees the thread's memory when it ends.
void prepare_thread() {
    static std::mutex mutex;
    thread_local bool ready = false;
    if (ready) return;
    const std::lock_guard lock(mutex);
    pg_query_init();
    ready = true;
}

}  // namespace

bool analyse_tree(const std::string& skeleton, Analysis& analysis) {
    prepare_thread();
    const PgQueryParseResult result = pg_query_parse(skeleton.c_str());
    const bool parsed = result.error == nullptr;
    if (parsed) analysis = read_tree(result.parse_tree);
    pg_query_free_parse_result(result);
    return parsed && analysis.kind != model::StatementKind::Unknown;
}

}  // namespace pgsidecar::sql
