#include <algorithm>
#include <cstdint>

#include "sql/analysis.hpp"
#include "sql/keyword_effects.hpp"
#include "sql/lexer.hpp"

namespace pgsidecar::sql {

namespace {

using model::StatementKind;

struct FirstWord {
    std::string_view word;
    StatementKind kind;
};

constexpr FirstWord kFirstWords[] = {
    {"select", StatementKind::Select},
    {"values", StatementKind::Select},
    {"table", StatementKind::Select},
    {"insert", StatementKind::Insert},
    {"update", StatementKind::Update},
    {"delete", StatementKind::Delete},
    {"merge", StatementKind::Merge},
    {"create", StatementKind::Ddl},
    {"alter", StatementKind::Ddl},
    {"drop", StatementKind::Ddl},
    {"truncate", StatementKind::Ddl},
    {"grant", StatementKind::Ddl},
    {"revoke", StatementKind::Ddl},
    {"comment", StatementKind::Ddl},
    {"security", StatementKind::Ddl},
    {"reassign", StatementKind::Ddl},
    {"import", StatementKind::Ddl},
    {"refresh", StatementKind::Ddl},
    {"begin", StatementKind::Transaction},
    {"start", StatementKind::Transaction},
    {"commit", StatementKind::Transaction},
    {"end", StatementKind::Transaction},
    {"rollback", StatementKind::Transaction},
    {"abort", StatementKind::Transaction},
    {"savepoint", StatementKind::Transaction},
    {"release", StatementKind::Transaction},
    {"copy", StatementKind::Copy},
    {"set", StatementKind::Set},
    {"reset", StatementKind::Set},
    {"discard", StatementKind::Set},
    {"call", StatementKind::Call},
    {"do", StatementKind::Call},
    {"prepare", StatementKind::Prepare},
    {"execute", StatementKind::Prepare},
    {"deallocate", StatementKind::Prepare},
    {"listen", StatementKind::Listen},
    {"unlisten", StatementKind::Listen},
    {"notify", StatementKind::Listen},
    {"declare", StatementKind::Cursor},
    {"fetch", StatementKind::Cursor},
    {"move", StatementKind::Cursor},
    {"close", StatementKind::Cursor},
    {"explain", StatementKind::Explain},
    {"show", StatementKind::Other},
    {"vacuum", StatementKind::Other},
    {"analyze", StatementKind::Other},
    {"analyse", StatementKind::Other},
    {"lock", StatementKind::Other},
    {"reindex", StatementKind::Other},
    {"cluster", StatementKind::Other},
    {"checkpoint", StatementKind::Other},
    {"load", StatementKind::Other},
};

StatementKind kind_of(std::string_view word) {
    const auto* found = std::find_if(std::begin(kFirstWords), std::end(kFirstWords),
                                     [&](const FirstWord& entry) { return entry.word == word; });
    return found == std::end(kFirstWords) ? StatementKind::Unknown : found->kind;
}

bool reads_or_writes(StatementKind kind) {
    return kind >= StatementKind::Select && kind <= StatementKind::Merge;
}
bool modifies(StatementKind kind) { return reads_or_writes(kind) && kind != StatementKind::Select; }

/// The skeleton's words are lower-case already.
class KeywordReader {
public:
    explicit KeywordReader(std::string_view text) : lexer_(text) { advance(); }

    Analysis read() {
        while (token_.kind == TokenKind::Open) advance();  // (SELECT ...) UNION ...
        with_ = is("with");
        if (with_) {
            read_with();
        } else if (token_.kind == TokenKind::Word) {
            result_.kind = kind_of(token_.text());
        }
        while (token_.kind != TokenKind::End && result_.table.empty()) find_table();
        if (!result_.table.empty()) result_.tables.push_back(result_.table);
        return std::move(result_);
    }

private:
    bool is(std::string_view word) const {
        return token_.kind == TokenKind::Word && token_.text() == word;
    }

    void advance() {
        before_ = token_.kind;
        token_ = lexer_.next();
        if (token_.kind == TokenKind::Open) ++depth_;
        if (token_.kind == TokenKind::Close && depth_ > 0) --depth_;
    }

    /// The main verb stands outside parentheses; a modifying one inside counts when the main one
    /// only reads.
    void read_with() {
        Lexer main_at = lexer_;
        Token main_token = token_;
        for (advance(); token_.kind != TokenKind::End; advance()) {
            if (token_.kind != TokenKind::Word) continue;
            const StatementKind kind = kind_of(token_.text());
            const bool main = depth_ == 0 && reads_or_writes(kind);
            const bool inner = depth_ == 1 && before_ == TokenKind::Open && modifies(kind);
            const bool replaces = result_.kind == StatementKind::Unknown ||
                                  (main && modifies(kind)) ||
                                  (inner && result_.kind == StatementKind::Select);
            if (!(main || inner) || !replaces) continue;
            result_.kind = kind;
            main_at = lexer_;
            main_token = token_;
            if (main) break;
        }
        lexer_ = main_at;
        token_ = main_token;
    }

    void find_table() {
        const bool after_comma_word = result_.kind == StatementKind::Update ? is("update")
                                      : result_.kind == StatementKind::Copy ? is("copy")
                                      : result_.kind == StatementKind::Ddl
                                          ? is("table") || is("on") || is("view")
                                          : is("from") || is("into");
        const bool starts = after_comma_word ||
                            (result_.kind == StatementKind::Select && is("table")) ||
                            (result_.kind == StatementKind::Explain && is("update"));
        advance();
        if (!starts) return;
        while (is("only") || is("if") || is("not") || is("exists") || is("lateral")) advance();
        if (token_.kind == TokenKind::Word || token_.kind == TokenKind::Name)
            result_.table = read_name();
    }

    std::string read_name() {
        std::string name = part();
        advance();
        if (token_.kind == TokenKind::Dot) {
            advance();
            if (token_.kind == TokenKind::Word || token_.kind == TokenKind::Name)
                name += "." + part();
        }
        return name;
    }

    std::string part() const {
        std::string out(token_.text());
        if (token_.kind == TokenKind::Name && out.front() == '"') {
            out = out.substr(1, out.size() - 2);
            for (std::size_t at = out.find("\"\""); at != std::string::npos;
                 at = out.find("\"\"", at + 1)) {
                out.erase(at, 1);
            }
        }
        out.resize(std::min(out.size(), kMaxNameBytes));
        return out;
    }

    Lexer lexer_;
    Token token_;
    TokenKind before_ = TokenKind::End;
    std::uint32_t depth_ = 0;
    bool with_ = false;
    Analysis result_;
};

}  // namespace

Analysis analyse_keywords(std::string_view skeleton, bool complete) {
    Analysis analysis = KeywordReader(skeleton).read();
    if (analysis.kind == StatementKind::Transaction) analysis.verb = model::TransactionVerb::Other;
    if (complete) analysis.effects = keyword_effects(skeleton, analysis.kind);
    return analysis;
}

}  // namespace pgsidecar::sql
