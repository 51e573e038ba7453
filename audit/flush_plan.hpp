#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audit/flush_context.hpp"
#include "audit/spool.hpp"
#include "db/pg_pipeline.hpp"

namespace pgsidecar::audit {

/// The commands of one flush transaction between its BEGIN and its COMMIT, in the order in which
/// they are sent: each entry's change of context, its time of acceptance, its statements; then the
/// way back and the ledger.
///
/// Pure. Keeps views into the entries, which must stay. A statement that equals the one before is
/// not parsed again. SQL's PREPARE stands in for named protocol statements, and is taken back in
/// the same transaction, so that a transaction pooler in between does no harm.
class FlushPlan {
public:
    explicit FlushPlan(std::string own_user);

    /// entry: its position in the batch. False: it has no context or no statement, and is to be
    /// treated as refused; nothing was added.
    bool add(std::size_t entry, const StoredEntry& stored);
    /// What ends every transaction; parameters as ledger::kRaiseEntries has them.
    void finish(std::string_view spool_id, std::uint64_t applied, std::uint64_t before,
                std::string_view sidecar);

    const std::vector<db::PipelineCommand>& commands() const { return commands_; }
    /// Whose command it is; nullopt: our own.
    std::optional<std::size_t> entry_of(std::size_t command) const;
    /// True when that command makes its entry's user the role.
    bool sets_role(std::size_t command) const;
    std::size_t entries() const { return entries_; }

private:
    void push(std::optional<std::size_t> entry, db::PipelineCommand command, bool role = false);
    void set(std::optional<std::size_t> entry, std::string_view name,
             std::optional<std::string_view> value);
    void push_statement(std::size_t entry, const model::SpoolStatement& statement);
    std::string_view keep(std::string text);

    FlushContext context_;
    std::deque<std::string> texts_;
    std::vector<db::PipelineCommand> commands_;
    struct Owner {
        std::size_t entry = 0;
        bool ours = false, role = false;
    };
    std::vector<Owner> owners_;
    std::size_t entries_ = 0;
    std::int64_t accepted_us_ = 0;
    const model::SpoolStatement* unnamed_ = nullptr;  ///< what the unnamed statement holds
};

/// Name of the prepared statement that sets a setting for the transaction.
inline constexpr std::string_view kSetStatement = "pgsidecar_set";

}  // namespace pgsidecar::audit
