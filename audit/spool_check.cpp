#include "audit/spool_check.hpp"

#include <algorithm>

#include "audit/spool_connection.hpp"
#include "audit/spool_records.hpp"
#include "audit/spool_rows.hpp"
#include "audit/spool_schema.hpp"

namespace pgsidecar::audit {
namespace {

constexpr std::int64_t kQuickAbove = 268'435'456;

std::int64_t number_of(SpoolConnection& connection, std::string_view sql) {
    SpoolQuery query(connection, sql);
    return query.next() ? query.integer(0) : 0;
}

std::string failed(const SpoolConnection& connection) {
    return "cannot be read: " + connection.failure_text();
}

std::string structure_problem(SpoolConnection& connection) {
    const std::int64_t size =
        number_of(connection, "PRAGMA page_count") * number_of(connection, "PRAGMA page_size");
    SpoolQuery query(connection,
                     size > kQuickAbove ? "PRAGMA quick_check(1)" : "PRAGMA integrity_check(1)");
    if (!query.next()) return failed(connection);
    std::string answer(query.bytes(0));
    if (answer == "ok") return {};
    if (answer.starts_with("*** in database")) answer.erase(0, answer.find('\n') + 1);
    return "is damaged: " + answer.substr(0, answer.find('\n'));
}

void count_entries(SpoolConnection& connection, SpoolContexts& contexts, SpoolReport& report) {
    SpoolRowReader reader(connection, contexts);
    SpoolQuery rows(connection,
                    "SELECT " + std::string(kSpoolColumns) + " FROM entries ORDER BY sequence");
    auto& counts = report.counts;
    counts.state.waiting = 0;
    while (rows.next()) {
        const SpoolRow row = reader.read(rows);
        ++counts.state.waiting;
        counts.bytes += row.bytes;
        counts.state.last_sequence = std::max(counts.state.last_sequence, row.stored.sequence);
        const auto outage_class = row.stored.entry.outage_class;
        if (outage_class == model::OutageClass::Queue) ++counts.queue_entries;
        if (outage_class == model::OutageClass::Buffer)
            report.buffered.add({row.stored.sequence, row.bytes});
        for (const auto& statement : row.stored.entry.statements)
            report.last_of_table[statement.table] = row.stored.sequence;
        if (row.damaged) report.damaged.push_back(row.stored.sequence);
    }
}

void count_records(SpoolConnection& connection, SpoolReport& report) {
    SpoolQuery rows(connection, SpoolRecords::kSelectAll);
    auto& counts = report.counts;
    counts.state.record_rows = 0;
    while (rows.next()) {
        ++counts.state.record_rows;
        const auto row = SpoolRecords::read(rows);
        counts.records += row.stored.count;
        counts.record_bytes += row.stored.body.size();
        counts.state.last_record = std::max(counts.state.last_record, row.stored.sequence);
        if (row.damaged) report.damaged_records.push_back(row.stored.sequence);
    }
}

/// Rows that came after the state was written follow its sequence without a gap.
std::string numbers_problem(const SpoolState& written, const SpoolState& found) {
    const auto expected = written.waiting + (found.last_sequence - written.last_sequence);
    const auto expected_records = written.record_rows + (found.last_record - written.last_record);
    if (found.waiting != expected)
        return "holds " + std::to_string(found.waiting) + " queued writes where " +
               std::to_string(expected) + " must be";
    if (found.dead != written.dead)
        return "holds " + std::to_string(found.dead) + " dead letters where " +
               std::to_string(written.dead) + " must be";
    if (found.record_rows != expected_records)
        return "holds " + std::to_string(found.record_rows) +
               " rows of records of the operation log where " + std::to_string(expected_records) +
               " must be";
    return {};
}

std::string mark_problem(const SpoolMarkContent& mark, const SpoolReport& report) {
    const auto& found = report.counts.state;
    if (mark.id != report.id)
        return "is another spool than the one that its folder's file `mark` belongs to";
    if (found.last_sequence < mark.state.last_sequence)
        return "ends at the queued write " + std::to_string(found.last_sequence) +
               ", but those up to " + std::to_string(mark.state.last_sequence) +
               " were acknowledged";
    if (found.changes < mark.state.changes || found.last_record < mark.state.last_record)
        return "is older than what was acknowledged from it";
    return {};
}

std::string content_problem(SpoolConnection& connection, SpoolContexts& contexts,
                            const std::optional<SpoolMarkContent>& mark, SpoolReport& report) {
    auto id = meta_of(connection, "id");
    const auto state = state_of(connection);
    const auto definition = meta_of(connection, "definition");
    if (connection.failure() != SpoolFailure::None) return failed(connection);
    if (!id || id->size() != 36 || !state) return "is damaged: its own description does not fit";
    if (!definition || *definition != spool_definition(connection))
        return "is damaged: its tables are not defined as they were";
    report.id = *id;
    report.counts.state = *state;
    count_entries(connection, contexts, report);
    count_records(connection, report);
    report.counts.state.dead =
        static_cast<std::uint64_t>(number_of(connection, "SELECT count(*) FROM dead"));
    report.counts.dead_bytes = static_cast<std::uint64_t>(
        number_of(connection, "SELECT coalesce(sum(bytes), 0) FROM dead"));
    if (connection.failure() != SpoolFailure::None) return failed(connection);
    if (auto problem = numbers_problem(*state, report.counts.state); !problem.empty())
        return problem;
    return mark ? mark_problem(*mark, report) : "";
}

}  // namespace

SpoolReport check_spool(SpoolConnection& connection, SpoolContexts& contexts,
                        const std::optional<SpoolMarkContent>& mark) {
    SpoolReport report;
    report.problem = unusable_because(spool_identity(connection));
    if (report.problem.empty() && connection.failure() != SpoolFailure::None)
        report.problem = failed(connection);
    if (report.problem.empty()) report.problem = structure_problem(connection);
    if (report.problem.empty())
        report.problem = content_problem(connection, contexts, mark, report);
    return report;
}

}  // namespace pgsidecar::audit
