#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "base/intrusive_ptr.hpp"
#include "model/statement_shape.hpp"

namespace pgsidecar::proxy {

class PreparedStatements;
struct ParseContext;

/// What makes two Parse messages the same statement.
struct StatementKey {
    std::string_view text;
    base::Bytes types{};  ///< 4-byte object ids, as in Parse
    /// Stands for every setting that decides what a text means when it is parsed: the server turns
    /// literals into values then ('01/02/2020'::date, a timestamptz) and finds tables. That is
    /// search_path, client_encoding, DateStyle, IntervalStyle, TimeZone, lc_monetary,
    /// standard_conforming_strings and the role. Clients that differ in one must not share.
    std::uint64_t context = 0;
    /// Those settings, where they are known and not the server connection's own.
    std::shared_ptr<const ParseContext> settings{};
};

/// What the server has said of a statement: the answer to a Describe of it.
struct LearnedDescription {
    std::string parameters;  ///< payload of ParameterDescription, empty until it came
    std::string result;      ///< RowDescription or NoData as a whole message, empty until it came
};

/// One statement as clients prepare it, shared by all who prepare the same.
///
/// It has one name at every server, which no client knows. Immutable but for what is learned.
/// Thread: the worker's; must be released there.
class PreparedStatement final : public base::RefCounted {
public:
    ~PreparedStatement();

    /// Of its worker's statements, never used again; 0 is none's.
    std::uint64_t id() const { return id_; }
    const model::StatementShapePtr& shape() const { return shape_; }
    /// False for one whose Parse was too long to be kept: only the server connection that parsed
    /// it has it, so its client must stay there.
    bool whole() const { return whole_; }
    std::string_view server_name() const { return {message_.data() + kNameAt, name_size_}; }

    std::string_view text() const { return {message_.data() + text_at(), text_size_}; }
    base::Bytes types() const;
    std::vector<std::uint32_t> type_oids() const;
    std::uint64_t context() const { return context_; }
    const std::shared_ptr<const ParseContext>& settings() const { return settings_; }
    bool is(const StatementKey& key) const;

    /// The Parse that makes it known to a server under server_name(). Empty unless whole().
    base::Bytes parse_message() const;
    /// The same under another name: "" for the unnamed statement, a client's own name in front of
    /// an SQL EXECUTE or DEALLOCATE. The name comes from a protocol message, so has no zero in it.
    void append_parse(std::string& out, std::string_view name) const;

    const LearnedDescription* learned() const { return learned_.get(); }
    /// Payload of a ParameterDescription that answered a Describe of this statement.
    void learn_parameters(base::Bytes payload) const;
    /// RowDescription ('T') or NoData ('n') that followed it. True when an earlier one was
    /// different: the tables have changed since.
    bool learn_result(char type, base::Bytes payload) const;
    /// The parameters' types as the server gave them; empty when that is unknown.
    std::vector<std::uint32_t> learned_types() const;

    /// Bytes of memory, for accounts.
    std::size_t footprint() const { return footprint_; }

private:
    friend class PreparedStatements;
    static constexpr std::size_t kNameAt = 5;  ///< behind type and length

    PreparedStatement(PreparedStatements* owner, std::uint64_t id, model::StatementShapePtr shape);
    std::size_t text_at() const { return kNameAt + name_size_ + 1; }
    LearnedDescription* to_learn(base::Bytes payload) const;
    void measure() const;

    PreparedStatements* owner_;
    std::uint64_t id_;
    std::uint64_t hash_ = 0;
    std::uint64_t context_ = 0;
    std::shared_ptr<const ParseContext> settings_;
    std::string message_;  ///< the Parse; without text only up to the name
    std::uint32_t text_size_ = 0;
    std::uint8_t name_size_ = 0;
    bool whole_ = false;
    model::StatementShapePtr shape_;
    mutable std::unique_ptr<LearnedDescription> learned_;
    mutable std::size_t footprint_ = 0;
    /// Place in the owner's list of recent ones; linked when next is not null.
    PreparedStatement* recent_prev_ = nullptr;
    PreparedStatement* recent_next_ = nullptr;
};

using PreparedStatementPtr = base::IntrusivePtr<const PreparedStatement>;

/// Every statement that the clients of one worker have prepared, by text, types and context.
///
/// A statement lives as long as a client, a server connection or the short list of recent ones
/// holds it. Texts that never repeat pass through that list and leave nothing behind.
///
/// Thread: the worker's. Statements may outlive it.
class PreparedStatements {
public:
    struct Limits {
        std::size_t recent = 512;             ///< statements kept although nobody has them
        std::size_t recent_bytes = 4u << 20;  ///< together; longer ones than 1/8 are not kept
        std::size_t learned_bytes = 65'536;   ///< a longer description is not learned
    };
    struct Stats {
        std::uint64_t hits = 0, misses = 0;
    };
    /// Every server-side name begins so; a client's own names must not reach a server when they do.
    static constexpr std::string_view kPrefix = "pgs_";
    /// Of a command that the proxy runs within a client's exchange.
    static constexpr std::string_view kOwnCommand = "pgs_own";
    /// Never exists at a server: a Describe of it is an error for sure, where one is needed.
    static constexpr std::string_view kNoStatement = "pgs_0";

    /// seed: makes the table's hash unpredictable to clients.
    explicit PreparedStatements(std::uint64_t seed = 0) : PreparedStatements(seed, Limits()) {}
    PreparedStatements(std::uint64_t seed, Limits limits);
    ~PreparedStatements();
    PreparedStatements(const PreparedStatements&) = delete;
    PreparedStatements& operator=(const PreparedStatements&) = delete;

    /// The statement for the key, made when there is none. before: what the client's name stood for
    /// until now, which most often is the same again; then nothing is hashed. shape_of() is called
    /// for a new one only and gives its model::StatementShapePtr.
    template <class ShapeOf>
    PreparedStatementPtr intern(const StatementKey& key, const PreparedStatementPtr& before,
                                ShapeOf&& shape_of) {
        if (before && before->is(key)) {
            ++stats_.hits;
            return before;
        }
        std::uint64_t hash = hash_of(key);
        if (auto found = find(key, hash)) return found;
        return make(key, hash, std::forward<ShapeOf>(shape_of)());
    }
    /// One whose Parse comes in pieces: shared with nobody.
    PreparedStatementPtr make_unshared(model::StatementShapePtr shape);

    std::size_t size() const { return table_.size(); }
    /// Bytes of all statements in the table.
    std::size_t bytes() const { return bytes_; }
    const Stats& stats() const { return stats_; }

private:
    friend class PreparedStatement;
    struct Lookup {
        const StatementKey& key;
        std::uint64_t hash;
    };
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(const PreparedStatement* s) const { return s->hash_; }
        std::size_t operator()(const Lookup& lookup) const { return lookup.hash; }
    };
    struct Equal {
        using is_transparent = void;
        bool operator()(const PreparedStatement* a, const PreparedStatement* b) const {
            return a == b;
        }
        bool operator()(const Lookup& lookup, const PreparedStatement* s) const {
            return s->hash_ == lookup.hash && s->is(lookup.key);
        }
        bool operator()(const PreparedStatement* s, const Lookup& lookup) const {
            return (*this)(lookup, s);
        }
    };

    std::uint64_t hash_of(const StatementKey& key) const;
    PreparedStatementPtr find(const StatementKey& key, std::uint64_t hash);
    PreparedStatementPtr make(const StatementKey& key, std::uint64_t hash,
                              model::StatementShapePtr shape);
    void gone(PreparedStatement& statement);
    bool is_recent(const PreparedStatement& statement) const {
        return recent_first_ == &statement || statement.recent_prev_ != nullptr;
    }
    void used_now(PreparedStatement& statement);
    void unlink(PreparedStatement& statement);
    void trim_recent(std::size_t count, std::size_t bytes);

    Limits limits_;
    std::uint64_t seed_;
    std::uint64_t next_id_ = 1;
    std::unordered_set<PreparedStatement*, Hash, Equal> table_;
    std::size_t bytes_ = 0;
    /// Most recently prepared first; each is referenced. The ends point to nothing.
    PreparedStatement* recent_first_ = nullptr;
    PreparedStatement* recent_last_ = nullptr;
    std::size_t recent_count_ = 0;
    std::size_t recent_bytes_ = 0;
    Stats stats_;
};

}  // namespace pgsidecar::proxy
