#include "audit/flush_plan.hpp"

#include <utility>

#include "audit/ledger.hpp"

namespace pgsidecar::audit {
namespace {

using Kind = db::PipelineCommand::Kind;

constexpr std::string_view kPrepareSet =
    "PREPARE pgsidecar_set(text, text) AS SELECT pg_catalog.set_config($1, $2, true)";
constexpr std::string_view kDeallocateSet = "DEALLOCATE pgsidecar_set";
constexpr std::string_view kAcceptedAt = "pgsidecar.accepted_at";

}  // namespace

FlushPlan::FlushPlan(std::string own_user) : context_(std::move(own_user)) {
    push(std::nullopt, {.kind = Kind::Query, .text = kPrepareSet, .types = {}, .parameters = {}});
}

bool FlushPlan::add(std::size_t entry, const StoredEntry& stored) {
    if (!stored.entry.context || stored.entry.statements.empty()) return false;
    const auto changes = context_.change_to(*stored.entry.context);
    for (const auto& change : changes) set(entry, change.name, change.value);
    if (!changes.empty()) unnamed_ = nullptr;
    if (entries_ == 0 || stored.accepted_us != accepted_us_) {
        accepted_us_ = stored.accepted_us;
        set(entry, kAcceptedAt, keep(accepted_at_text(accepted_us_)));
    }
    for (const auto& statement : stored.entry.statements) push_statement(entry, statement);
    ++entries_;
    return true;
}

void FlushPlan::push_statement(std::size_t entry, const model::SpoolStatement& statement) {
    const bool again =
        unnamed_ != nullptr && unnamed_->sql == statement.sql && unnamed_->types == statement.types;
    unnamed_ = &statement;
    push(entry, {.kind = again ? Kind::Again : Kind::Query,
                 .text = statement.sql,
                 .types = statement.types,
                 .parameters = statement.parameters});
}

void FlushPlan::finish(std::string_view spool_id, std::uint64_t applied, std::uint64_t before,
                       std::string_view sidecar) {
    for (const auto& change : context_.change_back()) set(std::nullopt, change.name, change.value);
    unnamed_ = nullptr;
    push(std::nullopt,
         {.kind = Kind::Query, .text = kDeallocateSet, .types = {}, .parameters = {}});
    const std::string to = std::to_string(applied), from = std::to_string(before),
                      count = std::to_string(entries_);
    push(std::nullopt, {.kind = Kind::Query,
                        .text = ledger::kRaiseEntries,
                        .types = {},
                        .parameters = keep(db::bind_body({spool_id, to, from, count, sidecar}))});
}

void FlushPlan::set(std::optional<std::size_t> entry, std::string_view name,
                    std::optional<std::string_view> value) {
    push(entry,
         {.kind = Kind::Prepared,
          .text = kSetStatement,
          .types = {},
          .parameters = keep(db::bind_body({name, value}))},
         name == "role" && value.has_value());
}

void FlushPlan::push(std::optional<std::size_t> entry, db::PipelineCommand command, bool role) {
    commands_.push_back(command);
    owners_.push_back({entry.value_or(0), !entry.has_value(), role});
}

std::string_view FlushPlan::keep(std::string text) { return texts_.emplace_back(std::move(text)); }

std::optional<std::size_t> FlushPlan::entry_of(std::size_t command) const {
    if (command >= owners_.size() || owners_[command].ours) return std::nullopt;
    return owners_[command].entry;
}

bool FlushPlan::sets_role(std::size_t command) const {
    return command < owners_.size() && owners_[command].role;
}

}  // namespace pgsidecar::audit
