#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/intrusive_ptr.hpp"

namespace pgsidecar::model {

/// What a statement does, finer than R63's five types; metrics use these words as label values.
enum class StatementKind : std::uint8_t {
    Select,
    Insert,
    Update,
    Delete,
    Merge,
    Ddl,
    Transaction,
    Copy,
    Set,
    Call,
    Prepare,
    Listen,
    Cursor,
    Explain,
    Other,
    Unknown,
};

std::string_view to_string(StatementKind kind);

/// R63's five words: query, insert, update, delete, transaction.
std::string_view operation_type(StatementKind kind);

/// What a statement of kind Transaction does.
enum class TransactionVerb : std::uint8_t {
    None,
    Begin,      ///< BEGIN, START TRANSACTION
    Commit,     ///< COMMIT, END
    Rollback,   ///< ROLLBACK, ABORT; with AND CHAIN it is Other
    Savepoint,  ///< SAVEPOINT, RELEASE, ROLLBACK TO
    Other,      ///< PREPARE TRANSACTION, COMMIT PREPARED, ... AND CHAIN
};

/// Whether a statement's answer can be given truthfully before it has run, and if not why (design,
/// part 6). The names of the reasons are what the client's error says.
enum class Queueable : std::uint8_t {
    Yes,  ///< INSERT of given rows; its CommandComplete is known
    NotInsert,
    Returning,        ///< asks for values that only the database can make
    ConflictUnknown,  ///< ON CONFLICT DO NOTHING, or DO UPDATE with WHERE: the count is unknown
    FromQuery,  ///< INSERT ... SELECT, or a sub-select or WITH in it: reads what only the database
                ///< has
    NotUnderstood,  ///< the statement could not be parsed
};

/// What a statement may leave behind in its session; bits of StatementShape::effects.
namespace session_effect {
inline constexpr std::uint16_t kSetsGuc = 1 << 0;    ///< SET, RESET, set_config(..., false)
inline constexpr std::uint16_t kResetsAll = 1 << 1;  ///< RESET ALL, DISCARD ALL
inline constexpr std::uint16_t kListens = 1 << 2;
inline constexpr std::uint16_t kUnlistensAll = 1 << 3;  ///< UNLISTEN *, DISCARD ALL
inline constexpr std::uint16_t kTempTable = 1 << 4;
inline constexpr std::uint16_t kAdvisoryLock = 1 << 5;  ///< session level
inline constexpr std::uint16_t kHoldCursor = 1 << 6;
inline constexpr std::uint16_t kSqlPrepare = 1 << 7;      ///< PREPARE, EXECUTE, DEALLOCATE name
inline constexpr std::uint16_t kDeallocatesAll = 1 << 8;  ///< DEALLOCATE ALL, DISCARD ALL
inline constexpr std::uint16_t kChangesSchema =
    1 << 9;                                         ///< DDL: plans and described types may change
inline constexpr std::uint16_t kUnknown = 1 << 10;  ///< not parsed, DO, CALL: anything is possible
/// A setting of which only the server knows the name; found in the text, never in a shape.
inline constexpr std::uint16_t kUnknownSetting = 1 << 11;
inline constexpr std::uint16_t kReadsSequence = 1 << 13;  ///< lastval(), currval()
/// What nextval() has left for those; found by what the session runs, never in a shape.
inline constexpr std::uint16_t kSequenceState = 1 << 14;
inline constexpr std::uint16_t kLoads = 1 << 12;  ///< LOAD: for as long as the connection lives
}  // namespace session_effect

/// What is known of one statement text without its literals. Immutable, shared by all records of
/// that text; refcounted so that a record can outlive the cache entry and cross threads.
class StatementShape final : public base::RefCounted {
public:
    std::uint64_t fingerprint = 0;  ///< of the literal-free text
    StatementKind kind = StatementKind::Unknown;
    std::string text;   ///< literal-free, bounded length
    std::string table;  ///< target table (R64), "schema.table" when written so, empty when none
    std::vector<std::string> tables;  ///< every table named
    TransactionVerb verb = TransactionVerb::None;
    Queueable queueable = Queueable::NotUnderstood;
    /// True only when running it twice is as good as once: a SELECT (or SHOW, EXPLAIN, VALUES)
    /// without locks, without INTO, that calls nothing but functions known to change nothing.
    bool read_only = false;
    std::uint16_t effects = session_effect::kUnknown;  ///< session_effect bits
};

using StatementShapePtr = base::IntrusivePtr<const StatementShape>;

}  // namespace pgsidecar::model
