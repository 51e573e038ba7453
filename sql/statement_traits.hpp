#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "sql/analysis.hpp"
#include "sql/tree_frame.hpp"

namespace pgsidecar::sql {

/// Hears the reader of libpg_query's tree and knows in the end what StatementShape says about
/// transactions, queueing, reading and sessions.
///
/// Functions of other schemas than pg_catalog, and built-in ones that an extension added, are not
/// looked into: they are never read-only, but have no session effect either, though one may SET
/// something. Every pooling proxy accepts that; such a function has a SET clause or
/// set_config(.., true) of its own. The same holds for casts, operators and views.
class StatementTraits {
public:
    /// A frame was opened; it is the last one.
    void open(Frames frames);
    /// A string, number or true stands in the last frame.
    void value(Frames frames, std::string_view key, std::string_view raw);
    /// The last frame is about to close.
    void close(Frames frames);

    /// analysis.kind is known already.
    void finish(Analysis& analysis) const;

private:
    void open_in_insert(Frames frames);
    void value_of_statement(std::string_view key, std::string_view raw);
    void call();
    model::TransactionVerb verb() const;
    model::Queueable queueable(model::StatementKind kind) const;
    bool read_only() const;
    std::uint16_t effects(model::StatementKind kind) const;
    std::uint16_t effects_of_statement() const;

    std::string_view statement_;             ///< its node, such as SelectStmt
    std::string_view kind_, name_, target_;  ///< members of some statements
    bool local_ = false, chain_ = false, hold_ = false;

    std::vector<std::string_view> function_;  ///< the parts of the name that is being read
    std::uint16_t call_effects_ = 0;
    bool only_harmless_calls_ = true;

    bool analyzes_ = false, locks_ = false, into_ = false, modifies_ = false;
    bool executes_ = false, creates_table_ = false;
    bool temporary_ = false, dropped_on_commit_ = false;

    bool returning_ = false, reads_ = false, has_source_ = false, has_values_ = false;
    bool conflict_nothing_ = false, conflict_where_ = false;
};

}  // namespace pgsidecar::sql
