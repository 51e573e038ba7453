#include "audit/spool_rows.hpp"

#include <utility>

#include "audit/spool_checksum.hpp"
#include "audit/spool_contexts.hpp"
#include "audit/spool_text.hpp"

namespace pgsidecar::audit {
namespace {

/// What a row says of its entry as a whole.
struct Head {
    std::uint64_t sequence = 0;
    std::int64_t accepted_us = 0;
    std::int64_t outage_class = 0;
    std::int64_t context = 0;
    std::uint64_t bytes = 0;
    std::uint64_t parts = 0;
};

SpoolChecksum checksum_of(const Head& head) {
    SpoolChecksum checksum;
    checksum.add(head.sequence).add(head.accepted_us).add(head.outage_class).add(head.context);
    checksum.add(head.bytes).add(head.parts);
    return checksum;
}

void add(SpoolChecksum& checksum, const model::SpoolStatement& statement, std::string_view types) {
    checksum.add(statement.table).add(statement.rows).add(statement.sql).add(types);
    checksum.add(statement.parameters);
}

/// Five columns, beginning with `relation`; false when the types cannot be read.
bool read_statement(const SpoolQuery& row, int column, SpoolChecksum& checksum,
                    std::vector<model::SpoolStatement>& out) {
    model::SpoolStatement statement;
    statement.table = row.bytes(column);
    statement.rows = row.integer(column + 1);
    statement.sql = row.bytes(column + 2);
    const std::string_view types = row.bytes(column + 3);
    statement.parameters = row.bytes(column + 4);
    add(checksum, statement, types);
    auto read_types = spool_types_from(types);
    if (read_types) statement.types = std::move(*read_types);
    out.push_back(std::move(statement));
    return read_types.has_value();
}

}  // namespace

std::uint64_t spool_bytes(const model::SpoolEntry& entry) {
    std::uint64_t bytes = 0;
    for (const auto& statement : entry.statements)
        bytes += statement.sql.size() + statement.parameters.size() + statement.table.size() +
                 statement.types.size() * sizeof(std::uint32_t);
    return bytes;
}

SpoolRowReader::SpoolRowReader(SpoolConnection& connection, SpoolContexts& contexts)
    : contexts_(contexts),
      parts_(connection,
             "SELECT relation, rows, sql, types, parameters FROM parts WHERE sequence = ? "
             "ORDER BY part") {}

SpoolRow SpoolRowReader::read(const SpoolQuery& row) {
    const Head head{row.number(0),  row.integer(1), row.integer(2),
                    row.integer(3), row.number(4),  row.number(5)};
    SpoolRow out;
    out.stored.sequence = head.sequence;
    out.stored.accepted_us = head.accepted_us;
    out.bytes = head.bytes;
    auto& entry = out.stored.entry;
    const auto outage_class = spool_class_from(head.outage_class);
    entry.outage_class = outage_class.value_or(model::OutageClass::Durable);
    entry.context = contexts_.find(head.context);

    SpoolChecksum checksum = checksum_of(head);
    bool good = outage_class.has_value() && entry.context;
    good = read_statement(row, 7, checksum, entry.statements) && good;
    if (head.parts != 1) {
        parts_.bind(head.sequence);
        while (parts_.next()) good = read_statement(parts_, 0, checksum, entry.statements) && good;
    }
    out.damaged = !good || entry.statements.size() != head.parts ||
                  row.number(6) != std::uint64_t{checksum.value()};
    if (!entry.context) entry.context = model::SpoolContextPtr(new model::SpoolContext);
    return out;
}

SpoolRowWriter::SpoolRowWriter(SpoolConnection& connection, SpoolContexts& contexts)
    : contexts_(contexts),
      insert_(connection, "INSERT INTO entries VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"),
      insert_part_(connection, "INSERT INTO parts VALUES(?, ?, ?, ?, ?, ?, ?)") {}

bool SpoolRowWriter::insert(std::uint64_t sequence, std::int64_t accepted_us,
                            const model::SpoolEntry& entry) {
    const auto context = contexts_.store(entry.context);
    if (!context) return false;
    const auto& statements = entry.statements;
    const Head head{sequence, accepted_us,        spool_number(entry.outage_class),
                    *context, spool_bytes(entry), statements.size()};
    SpoolChecksum checksum = checksum_of(head);
    types_.clear();
    for (const auto& statement : statements) {
        types_.push_back(to_spool_text(statement.types));
        add(checksum, statement, types_.back());
    }
    const auto& first = statements.front();
    insert_.bind(head.sequence).bind(head.accepted_us).bind(head.outage_class).bind(head.context);
    insert_.bind(head.bytes).bind(head.parts).bind(std::uint64_t{checksum.value()});
    insert_.text(first.table).bind(first.rows).text(first.sql).text(types_.front());
    if (!insert_.blob(first.parameters).run()) return false;
    for (std::size_t part = 1; part < statements.size(); ++part) {
        const auto& statement = statements[part];
        insert_part_.bind(sequence).bind(std::uint64_t{part + 1}).text(statement.table);
        insert_part_.bind(statement.rows).text(statement.sql).text(types_[part]);
        if (!insert_part_.blob(statement.parameters).run()) return false;
    }
    return true;
}

}  // namespace pgsidecar::audit
