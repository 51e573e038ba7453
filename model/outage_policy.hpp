#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/statement_shape.hpp"

namespace pgsidecar::model {

/// What happens to a statement while the database is away (design, part 6; K12).
enum class OutageClass : std::uint8_t {
    Hold,     ///< waits for the retry budget, then is refused
    Reject,   ///< refused at once
    Durable,  ///< acknowledged from the spool; never dropped, never expires
    Queue,    ///< the same, bounded in number and age
    Buffer,   ///< the same; when full the oldest are dropped and counted
};

std::string_view to_string(OutageClass outage_class);
inline bool is_spooled(OutageClass c) {
    return c == OutageClass::Durable || c == OutageClass::Queue || c == OutageClass::Buffer;
}

/// One rule; `*` stands for any, and at the end of a table or a service for any ending.
struct OutageRule {
    /// As StatementShape::table has it: lower-case unless it was quoted, without quotes. A name
    /// without a schema is that table in any schema; "schema.table" is only what is written so in
    /// the statement, because the sidecar does not know the session's search_path.
    std::string table = "*";
    std::string verb = "*";     ///< insert, update, delete, select, ...: a StatementKind's word
    std::string service = "*";  ///< application_name, case kept
    OutageClass outage_class = OutageClass::Hold;
    bool is_default = false;  ///< one of the built-in rules, which come last

    bool operator==(const OutageRule&) const = default;
};

/// The rule as one writes it, without what stands for any: "audit_logs:insert=durable".
std::string to_string(const OutageRule& rule);

/// The rules, first match wins; Hold when none matches. Immutable after parsing; any thread.
class OutagePolicy {
public:
    /// Only the built-in rules: audit_logs and pgsidecar.operations durable, commands and
    /// command_queues queue, terminal_outputs buffer.
    OutagePolicy();
    /// text: rules `TABLE[:VERB][@SERVICE]=CLASS` separated by commas, in front of the built-in
    /// ones. A table's names may be "quoted"; a service may have any characters but comma and
    /// equals sign. A sentence on failure, which leaves `out` as it was; empty on success.
    static std::string parse(std::string_view text, OutagePolicy& out);

    /// The rule that decides; null when none matches (Hold). Does not allocate.
    const OutageRule* match(std::string_view table, StatementKind kind,
                            std::string_view service) const;
    OutageClass decide(std::string_view table, StatementKind kind, std::string_view service) const;
    const std::vector<OutageRule>& rules() const { return rules_; }
    /// Every table that some rule spools, as written there (so `*` and `log_*` too), once. Rules
    /// that can never decide, because one in front of them always does, do not count.
    std::vector<std::string> spooled_tables() const;

private:
    std::vector<OutageRule> rules_;
};

}  // namespace pgsidecar::model
