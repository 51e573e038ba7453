#include "sql/statement_traits.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "sql/harmless_functions.hpp"

namespace pgsidecar::sql {

namespace {

using model::Queueable;
using model::StatementKind;
using model::TransactionVerb;
namespace effect = model::session_effect;

/// CURSOR_OPT_HOLD of PostgreSQL 15's parsenodes.h.
constexpr unsigned kCursorHold = 0x20;

struct FunctionEffect {
    std::string_view name;
    std::uint16_t effects;
};

/// Built-in functions that leave something behind in their session. set_config counts even when
/// its third argument is true, for the literal is not in the skeleton; guc_changes() tells.
constexpr std::array kFunctionEffects{
    FunctionEffect{"set_config", effect::kSetsGuc},
    FunctionEffect{"pg_advisory_lock", effect::kAdvisoryLock},
    FunctionEffect{"pg_advisory_lock_shared", effect::kAdvisoryLock},
    FunctionEffect{"pg_try_advisory_lock", effect::kAdvisoryLock},
    FunctionEffect{"pg_try_advisory_lock_shared", effect::kAdvisoryLock},
    FunctionEffect{"lastval", effect::kReadsSequence},
    FunctionEffect{"currval", effect::kReadsSequence},
    FunctionEffect{"pg_replication_origin_session_setup", effect::kUnknown},
};

struct Verb {
    std::string_view kind;
    TransactionVerb verb;
};

constexpr std::array kVerbs{
    Verb{"TRANS_STMT_BEGIN", TransactionVerb::Begin},
    Verb{"TRANS_STMT_START", TransactionVerb::Begin},
    Verb{"TRANS_STMT_COMMIT", TransactionVerb::Commit},
    Verb{"TRANS_STMT_ROLLBACK", TransactionVerb::Rollback},
    Verb{"TRANS_STMT_SAVEPOINT", TransactionVerb::Savepoint},
    Verb{"TRANS_STMT_RELEASE", TransactionVerb::Savepoint},
    Verb{"TRANS_STMT_ROLLBACK_TO", TransactionVerb::Savepoint},
};

/// pg_temp, and what the server calls it inside.
bool is_temporary_schema(std::string_view name) {
    return name == "pg_temp" || name.starts_with("pg_temp_");
}

/// What SET TRANSACTION sets, written as a setting.
bool is_transactions_own(std::string_view name) {
    return name == "TRANSACTION" || name == "TRANSACTION SNAPSHOT" ||
           name == "transaction_isolation" || name == "transaction_read_only" ||
           name == "transaction_deferrable";
}

std::string_view key_above(Frames frames, std::size_t levels) {
    return frames.size() > levels ? frames[frames.size() - 1 - levels].key : std::string_view{};
}

bool is_function_name(Frames frames) {
    return key_above(frames, 0) == "funcname" && key_above(frames, 1) == "FuncCall";
}

}  // namespace

void StatementTraits::open(Frames frames) {
    const std::string_view key = frames.back().key;
    const std::size_t depth = frames.size() - 1;
    if (depth == kStatementFrame && statement_.empty()) {
        statement_ = key;
        executes_ = key == "ExecuteStmt";
        return;
    }
    if (depth > kStatementFrame && statement_ == "InsertStmt") open_in_insert(frames);
    if (key == "SubLink") {
        reads_ = true;
    } else if (key == "lockingClause") {
        locks_ = true;
    } else if (key == "intoClause") {
        into_ = true;
    } else if (key == "ExecuteStmt") {
        executes_ = true;
    } else if (key == "CreateTableAsStmt") {
        creates_table_ = true;
    } else if (sql::modifies(key)) {
        modifies_ = true;
    } else if (is_function_name(frames)) {
        function_.clear();
    }
}

void StatementTraits::open_in_insert(Frames frames) {
    const std::string_view key = frames.back().key;
    const std::string_view field = frames[kStatementFrame + 1].key;
    switch (frames.size() - 1 - kStatementFrame) {
        case 1:
            returning_ = returning_ || key == "returningList";
            reads_ = reads_ || key == "withClause";
            has_source_ = has_source_ || key == "selectStmt";
            break;
        case 2:
            conflict_where_ =
                conflict_where_ || (field == "onConflictClause" && key == "whereClause");
            break;
        case 3:
            if (field != "selectStmt") break;
            // Anything beside the rows (ORDER BY, LIMIT, UNION, WITH, FROM) makes it a query.
            (key == "valuesLists" ? has_values_ : reads_) = true;
            break;
        default: break;
    }
}

void StatementTraits::value(Frames frames, std::string_view key, std::string_view raw) {
    const std::size_t depth = frames.size() - 1;
    if (depth == kStatementFrame) {
        value_of_statement(key, raw);
    } else if (key == "sval") {
        // [{"String":{"sval": below the list.
        if (is_function_name(frames.first(frames.size() - 2))) function_.push_back(raw);
        temporary_ = temporary_ || is_temporary_schema(raw);
    } else if (key == "schemaname") {
        temporary_ = temporary_ || is_temporary_schema(raw);
    } else if (key == "relpersistence") {
        temporary_ = temporary_ || raw == "t";
    } else if (key == "onCommit") {
        dropped_on_commit_ = dropped_on_commit_ || raw == "ONCOMMIT_DROP";
    } else if (key == "action" && frames.back().key == "onConflictClause") {
        conflict_nothing_ = raw == "ONCONFLICT_NOTHING";
    } else if (key == "defname" && raw == "analyze") {
        analyzes_ = true;
    }
}

void StatementTraits::value_of_statement(std::string_view key, std::string_view raw) {
    if (key == "kind") {
        kind_ = raw;
    } else if (key == "name" || key == "conditionname") {
        name_ = raw;
    } else if (key == "target") {
        target_ = raw;
    } else if (key == "is_local") {
        local_ = raw == "true";
    } else if (key == "chain") {
        chain_ = raw == "true";
    } else if (key == "oncommit") {
        dropped_on_commit_ = raw == "ONCOMMIT_DROP";
    } else if (key == "options") {
        unsigned options = 0;
        std::from_chars(raw.data(), raw.data() + raw.size(), options);
        hold_ = (options & kCursorHold) != 0;
    }
}

void StatementTraits::close(Frames frames) {
    if (is_function_name(frames)) call();
}

void StatementTraits::call() {
    if (function_.empty()) return;
    const std::string_view name = function_.back();
    const bool built_in = function_.size() == 1 || function_[function_.size() - 2] == "pg_catalog";
    if (!built_in || !is_harmless_function(name)) only_harmless_calls_ = false;
    if (!built_in) return;
    for (const FunctionEffect& known : kFunctionEffects) {
        if (known.name == name) call_effects_ |= known.effects;
    }
}

void StatementTraits::finish(Analysis& analysis) const {
    analysis.verb = verb();
    analysis.queueable = queueable(analysis.kind);
    analysis.read_only = read_only();
    analysis.effects = effects(analysis.kind);
}

TransactionVerb StatementTraits::verb() const {
    if (statement_ != "TransactionStmt") return TransactionVerb::None;
    const auto* found = std::find_if(kVerbs.begin(), kVerbs.end(),
                                     [this](const Verb& known) { return known.kind == kind_; });
    return found == kVerbs.end() || chain_ ? TransactionVerb::Other : found->verb;
}

Queueable StatementTraits::queueable(StatementKind kind) const {
    if (kind != StatementKind::Insert) return Queueable::NotInsert;
    if (returning_) return Queueable::Returning;
    // An INSERT in the WITH of a SELECT is of kind Insert too.
    if (statement_ != "InsertStmt" || reads_ || has_source_ != has_values_)
        return Queueable::FromQuery;
    if (conflict_nothing_ || conflict_where_) return Queueable::ConflictUnknown;
    return Queueable::Yes;
}

bool StatementTraits::read_only() const {
    if (statement_ == "VariableShowStmt") return true;
    const bool harmless = only_harmless_calls_ && !locks_ && !into_ && !executes_;
    if (statement_ == "SelectStmt") return harmless && !modifies_;
    return statement_ == "ExplainStmt" && harmless && !analyzes_;
}

std::uint16_t StatementTraits::effects(StatementKind kind) const {
    unsigned all = call_effects_ | effects_of_statement();
    const bool creates = into_ || creates_table_;
    const bool runs = statement_ != "ExplainStmt" || analyzes_;
    if (kind == StatementKind::Ddl || (creates && runs)) {
        all |= effect::kChangesSchema;
        // What goes with the transaction is not left behind.
        if (temporary_ && !dropped_on_commit_) all |= effect::kTempTable;
    }
    if (executes_) all |= effect::kSqlPrepare;
    return static_cast<std::uint16_t>(all);
}

/// By the statement itself, whatever is in it.
std::uint16_t StatementTraits::effects_of_statement() const {
    if (statement_ == "VariableSetStmt") {
        if (kind_ == "VAR_RESET_ALL") return effect::kResetsAll;
        return local_ || is_transactions_own(name_) ? std::uint16_t{0} : effect::kSetsGuc;
    }
    if (statement_ == "DiscardStmt") {
        if (target_ != "DISCARD_ALL") return 0;
        return effect::kResetsAll | effect::kUnlistensAll | effect::kDeallocatesAll;
    }
    if (statement_ == "ListenStmt") return effect::kListens;
    if (statement_ == "UnlistenStmt")
        return name_.empty() ? effect::kUnlistensAll : std::uint16_t{0};
    if (statement_ == "DeclareCursorStmt") return hold_ ? effect::kHoldCursor : std::uint16_t{0};
    if (statement_ == "PrepareStmt") return effect::kSqlPrepare;
    if (statement_ == "DeallocateStmt")
        return name_.empty() ? effect::kDeallocatesAll : effect::kSqlPrepare;
    if (statement_ == "LoadStmt") return effect::kLoads;
    if (statement_ == "DoStmt" || statement_ == "CallStmt") return effect::kUnknown;
    return 0;
}

}  // namespace pgsidecar::sql
