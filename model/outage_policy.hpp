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

/// One rule; `*` stands for any.
struct OutageRule {
    std::string table = "*";    ///< lower-case unless quoted; "t" matches t in any schema
    std::string verb = "*";     ///< insert, update, delete, select, ...: a StatementKind's word
    std::string service = "*";  ///< application_name
    OutageClass outage_class = OutageClass::Hold;
    bool is_default = false;  ///< one of the built-in rules, which come last
};

/// The rules, first match wins; Hold when none matches. Immutable after parsing.
class OutagePolicy {
public:
    /// Only the built-in rules: audit_logs and pgsidecar.operations durable, commands and
    /// command_queues queue, terminal_outputs buffer.
    OutagePolicy();
    /// text: rules `TABLE[:VERB][@SERVICE]=CLASS` separated by commas, in front of the built-in
    /// ones. A sentence on failure, empty on success.
    static std::string parse(std::string_view text, OutagePolicy& out);

    /// The rule that decides; null when none matches (Hold).
    const OutageRule* match(std::string_view table, StatementKind kind,
                            std::string_view service) const;
    OutageClass decide(std::string_view table, StatementKind kind, std::string_view service) const;
    const std::vector<OutageRule>& rules() const { return rules_; }
    /// Every table that some rule spools, as written there.
    std::vector<std::string> spooled_tables() const;

private:
    std::vector<OutageRule> rules_;
};

}  // namespace pgsidecar::model
