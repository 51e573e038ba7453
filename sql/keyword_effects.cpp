#include "sql/keyword_effects.hpp"

#include <algorithm>
#include <array>

#include "sql/lexer.hpp"
#include "sql/token_text.hpp"

namespace pgsidecar::sql {

namespace {

using model::StatementKind;
namespace effect = model::session_effect;

/// Words that are in every statement of these kinds that leaves something behind, whatever else is
/// in it: names of functions, of temporary tables, EXPLAIN's EXECUTE.
constexpr std::array<std::string_view, 11> kTelling{"set_config",
                                                    "pg_advisory_lock",
                                                    "pg_try_advisory_lock",
                                                    "pg_advisory_lock_shared",
                                                    "pg_try_advisory_lock_shared",
                                                    "pg_replication_origin_session_setup",
                                                    "pg_temp",
                                                    "temp",
                                                    "temporary",
                                                    "execute",
                                                    "call"};

bool tells(std::string_view name) {
    return name.starts_with("pg_temp_") ||
           std::find(kTelling.begin(), kTelling.end(), name) != kTelling.end();
}

/// True when only the words above could make such a statement leave something behind.
bool is_known(StatementKind kind) {
    switch (kind) {
        case StatementKind::Select:
        case StatementKind::Insert:
        case StatementKind::Update:
        case StatementKind::Delete:
        case StatementKind::Merge:
        case StatementKind::Ddl:
        case StatementKind::Copy:
        case StatementKind::Explain: return true;
        default: return false;
    }
}

}  // namespace

std::uint16_t keyword_effects(std::string_view skeleton, StatementKind kind) {
    if (!is_known(kind)) return effect::kUnknown;
    Lexer lexer(skeleton);
    Token before;
    for (Token token = lexer.next(); token.kind != TokenKind::End; token = lexer.next()) {
        if (token.kind == TokenKind::Word || token.kind == TokenKind::Name) {
            const auto name = identifier(token);
            if (!name || tells(*name)) return effect::kUnknown;
            // SELECT ... INTO makes a table.
            if (is_word(token, "into") && !is_word(before, "insert") && !is_word(before, "merge"))
                return effect::kUnknown;
        } else if (token.kind == TokenKind::Other) {
            return effect::kUnknown;
        }
        before = token;
    }
    return kind == StatementKind::Ddl ? effect::kChangesSchema : std::uint16_t{0};
}

}  // namespace pgsidecar::sql
