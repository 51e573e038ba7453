#include <algorithm>
#include <array>
#include <utility>

#include "sql/analysis.hpp"
#include "sql/statement_traits.hpp"
#include "sql/tree_frame.hpp"

namespace pgsidecar::sql {

namespace {

using model::StatementKind;

struct NodeKind {
    std::string_view node;
    StatementKind kind;
};

constexpr NodeKind kNodeKinds[] = {
    {"SelectStmt", StatementKind::Select},
    {"InsertStmt", StatementKind::Insert},
    {"UpdateStmt", StatementKind::Update},
    {"DeleteStmt", StatementKind::Delete},
    {"MergeStmt", StatementKind::Merge},
    {"TransactionStmt", StatementKind::Transaction},
    {"CopyStmt", StatementKind::Copy},
    {"VariableSetStmt", StatementKind::Set},
    {"ConstraintsSetStmt", StatementKind::Set},
    {"DiscardStmt", StatementKind::Set},
    {"CallStmt", StatementKind::Call},
    {"DoStmt", StatementKind::Call},
    {"PrepareStmt", StatementKind::Prepare},
    {"ExecuteStmt", StatementKind::Prepare},
    {"DeallocateStmt", StatementKind::Prepare},
    {"ListenStmt", StatementKind::Listen},
    {"UnlistenStmt", StatementKind::Listen},
    {"NotifyStmt", StatementKind::Listen},
    {"DeclareCursorStmt", StatementKind::Cursor},
    {"FetchStmt", StatementKind::Cursor},
    {"ClosePortalStmt", StatementKind::Cursor},
    {"ExplainStmt", StatementKind::Explain},
    {"VariableShowStmt", StatementKind::Other},
    {"VacuumStmt", StatementKind::Other},
    {"LockStmt", StatementKind::Other},
    {"ReindexStmt", StatementKind::Other},
    {"ClusterStmt", StatementKind::Other},
    {"CheckPointStmt", StatementKind::Other},
    {"LoadStmt", StatementKind::Other},
    {"AlterSystemStmt", StatementKind::Other},
};

/// Everything else that PostgreSQL 15 has is a definition of some kind.
StatementKind kind_of(std::string_view node) {
    const auto* found = std::find_if(std::begin(kNodeKinds), std::end(kNodeKinds),
                                     [&](const NodeKind& entry) { return entry.node == node; });
    return found == std::end(kNodeKinds) ? StatementKind::Ddl : found->kind;
}

/// How sure we are that a table is the statement's target, best first.
enum class Rank : std::uint8_t { Target, InnerTarget, From, Elsewhere };

struct Found {
    std::string name;
    Rank rank;
    bool qualified;
};

void append_utf8(std::string& out, unsigned code) {
    if (code < 0x80) {
        out.push_back(static_cast<char>(code));
    } else if (code < 0x800) {
        out.push_back(static_cast<char>(0xc0 | (code >> 6)));
        out.push_back(static_cast<char>(0x80 | (code & 0x3f)));
    } else {
        out.push_back(static_cast<char>(0xe0 | (code >> 12)));
        out.push_back(static_cast<char>(0x80 | ((code >> 6) & 0x3f)));
        out.push_back(static_cast<char>(0x80 | (code & 0x3f)));
    }
}

unsigned hex_value(std::string_view digits) {
    unsigned value = 0;
    for (char c : digits)
        value = value * 16 + static_cast<unsigned>(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    return value;
}

std::string unescape(std::string_view raw) {
    std::string out;
    for (std::size_t i = 0; i < raw.size(); ++i) {
        if (raw[i] != '\\' || i + 1 == raw.size()) {
            out.push_back(raw[i]);
            continue;
        }
        const char c = raw[++i];
        if (c == 'u' && raw.size() - i > 4) {
            append_utf8(out, hex_value(raw.substr(i + 1, 4)));
            i += 4;
        } else {
            constexpr std::string_view kFrom = "bfnrt", kTo = "\b\f\n\r\t";
            const std::size_t at = kFrom.find(c);
            out.push_back(at == std::string_view::npos ? c : kTo[at]);
        }
    }
    // PostgreSQL cut it to a name's length already, except in places that only its later stages
    // look at.
    out.resize(std::min(out.size(), kMaxNameBytes));
    return out;
}

class TreeReader {
public:
    explicit TreeReader(std::string_view json) : json_(json) { frames_.reserve(64); }

    Analysis read() {
        while (at_ < json_.size()) step();
        return finish();
    }

private:
    void step() {
        const char c = json_[at_];
        if (c == '{' || c == '[') {
            ++at_;
            open();
        } else if (c == '}' || c == ']') {
            ++at_;
            close();
        } else if (c == '"') {
            take_string();
        } else {
            ++at_;
        }
    }

    /// A string is a key when a colon follows it, which libpg_query writes without a space.
    void take_string() {
        const std::size_t begin = ++at_;
        while (at_ < json_.size() && json_[at_] != '"') at_ += json_[at_] == '\\' ? 2U : 1U;
        const std::string_view raw = json_.substr(begin, std::min(at_, json_.size()) - begin);
        ++at_;
        if (at_ < json_.size() && json_[at_] == ':') {
            key_ = raw;
            take_bare_value();
        } else if (!frames_.empty()) {
            take_value(raw);
        }
    }

    /// A number, true or false may follow a key.
    void take_bare_value() {
        const std::size_t begin = at_ + 1;
        std::size_t end = begin;
        while (end < json_.size() && (is_lower(json_[end]) || is_number(json_[end]))) ++end;
        if (end == begin || frames_.empty()) return;
        traits_.value(frames_, key_, json_.substr(begin, end - begin));
        at_ = end;
    }
    static bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
    static bool is_number(char c) { return (c >= '0' && c <= '9') || c == '-' || c == '.'; }

    void take_value(std::string_view raw) {
        traits_.value(frames_, key_, raw);
        Frame& frame = frames_.back();
        if (key_ == "relname") {
            frame.relation = raw;
        } else if (key_ == "schemaname") {
            frame.schema = raw;
        } else if (key_ == "ctename") {
            ctes_.push_back(unescape(raw));
        } else if (key_ == "sval" && in_dropped_objects()) {
            if (!dropped_.empty()) dropped_.push_back('.');
            dropped_ += unescape(raw);
        } else if (key_ == "removeType" && frames_.size() == kStatementFrame + 1) {
            drops_tables_ = raw == "OBJECT_TABLE" || raw == "OBJECT_VIEW" ||
                            raw == "OBJECT_MATVIEW" || raw == "OBJECT_FOREIGN_TABLE";
        }
    }

    bool in_dropped_objects() const {
        return statement_ == "DropStmt" && frames_.size() > kStatementFrame + 1 &&
               frames_[kStatementFrame + 1].key == "objects";
    }

    void open() {
        const std::string_view key = std::exchange(key_, {});
        frames_.push_back({key});
        traits_.open(frames_);
        const std::size_t depth = frames_.size() - 1;
        if (depth == kStatementFrame && statement_.empty()) {
            statement_ = key;
            result_.kind = kind_of(key);
        } else if (depth == kStatementFrame + 1 && key == "intoClause" &&
                   statement_ == "SelectStmt") {
            result_.kind = StatementKind::Ddl;  // SELECT INTO makes a table
        } else if (modifies(key) && parent_key() == "ctequery" &&
                   result_.kind == StatementKind::Select) {
            result_.kind = kind_of(key);
            modifying_depth_ = depth;
        }
    }

    std::string_view parent_key() const {
        return frames_.size() < 2 ? std::string_view{} : frames_[frames_.size() - 2].key;
    }

    void close() {
        if (frames_.empty()) return;
        traits_.close(frames_);
        const Frame frame = frames_.back();
        const Rank rank = frame.relation.empty() ? Rank::Elsewhere : rank_of_last();
        frames_.pop_back();
        if (frames_.size() == modifying_depth_) modifying_depth_ = 0;
        if (!dropped_.empty() && frames_.size() == kStatementFrame + 2) add_dropped();
        if (frame.relation.empty() || frame.key == "sequence" || frame.key == "typevar") return;
        std::string name = unescape(frame.relation);
        if (!frame.schema.empty()) name = unescape(frame.schema) + "." + name;
        found_.push_back({std::move(name), rank, !frame.schema.empty()});
    }

    void add_dropped() { found_.push_back({std::exchange(dropped_, {}), Rank::Target, true}); }

    Rank rank_of_last() const {
        const std::size_t depth = frames_.size() - 1;
        const std::string_view parent = parent_key();
        if (modifying_depth_ != 0)
            return depth == modifying_depth_ + 1 ? Rank::Target : Rank::Elsewhere;
        if (depth == kStatementFrame + 1) return Rank::Target;
        if (depth == kStatementFrame + 2 && (parent == "into" || parent == "intoClause"))
            return Rank::Target;
        if (statement_ != "SelectStmt" && depth > kStatementFrame + 1) {
            const std::string_view field = frames_[kStatementFrame + 1].key;
            if (field == "relations" || field == "objects" || field == "rels") return Rank::Target;
        }
        if (modifies(parent)) {
            const bool cte = depth >= 2 && frames_[depth - 2].key == "ctequery";
            return cte ? Rank::Elsewhere : Rank::InnerTarget;
        }
        return in_main_from() ? Rank::From : Rank::Elsewhere;
    }

    /// Below a FROM that no expression and no WITH stands above.
    bool in_main_from() const {
        for (const Frame& frame : frames_) {
            if (frame.key == "fromClause") return true;
            if (frame.key == "targetList" || frame.key == "whereClause" ||
                frame.key == "withClause" || frame.key == "valuesLists" ||
                frame.key == "havingClause" || frame.key == "sortClause") {
                return false;
            }
        }
        return false;
    }

    bool is_cte(const Found& found) const {
        return found.rank >= Rank::From && !found.qualified &&
               std::find(ctes_.begin(), ctes_.end(), found.name) != ctes_.end();
    }

    Analysis finish() {
        traits_.finish(result_);
        if (statement_ == "DropStmt" && !drops_tables_) found_.clear();
        std::erase_if(found_, [this](const Found& found) { return is_cte(found); });
        const auto best =
            std::min_element(found_.begin(), found_.end(),
                             [](const Found& a, const Found& b) { return a.rank < b.rank; });
        if (best != found_.end()) result_.table = best->name;
        for (Found& found : found_) {
            auto& tables = result_.tables;
            if (tables.size() == kMaxTables) break;
            if (std::find(tables.begin(), tables.end(), found.name) == tables.end()) {
                tables.push_back(std::move(found.name));
            }
        }
        return std::move(result_);
    }

    std::string_view json_;
    std::size_t at_ = 0;
    std::string_view key_;
    std::vector<Frame> frames_;
    std::string_view statement_;
    std::size_t modifying_depth_ =
        0;  ///< frame of the data-modifying WITH query under a SELECT, 0: none
    std::vector<std::string> ctes_;
    std::vector<Found> found_;
    std::string dropped_;
    bool drops_tables_ = false;
    StatementTraits traits_;
    Analysis result_;
};

}  // namespace

Analysis read_tree(std::string_view json) { return TreeReader(json).read(); }

}  // namespace pgsidecar::sql
