#include "sql/guc_changes.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <utility>

#include "sql/token_reader.hpp"

namespace pgsidecar::sql {

namespace {

/// Old names that the server still takes (guc.c, map_old_guc_names).
std::string canonical(std::string name) {
    if (name == "sort_mem") return "work_mem";
    if (name == "vacuum_mem") return "maintenance_work_mem";
    return name;
}

/// Settings that are the transaction's own: they begin anew with each.
bool is_transactions_own(std::string_view name) {
    return name == "transaction_isolation" || name == "transaction_read_only" ||
           name == "transaction_deferrable";
}

/// SET, RESET and DISCARD (gram.y: VariableSetStmt, VariableResetStmt, DiscardStmt).
class SetReader {
public:
    SetReader(TokenReader reader, std::vector<GucChange>& changes)
        : reader_(reader), changes_(changes) {}

    void read_set() {
        if (reader_.at_word("local") && !is_name_of_own()) {
            local_ = true;
            reader_.advance();
        } else if (reader_.at_word("session") && !is_name_of_own()) {
            if (!reader_.after().at_word("authorization") && !at_characteristics())
                reader_.advance();
        }
        const bool no_setting = reader_.at_word("transaction") || reader_.at_word("constraints");
        if (no_setting && !is_name_of_own()) return;
        if (read_special()) return;
        std::string name = variable();
        const bool assigns = reader_.take_word("to") || reader_.take_operator("=");
        reset_ = assigns && reader_.at_word("default");
        add(std::move(name));
    }

    void read_reset() {
        reset_ = true;
        if (reader_.at_word("all")) {
            changes_.push_back({.all = true});
        } else if (reader_.at_word("transaction") && reader_.after().at_word("isolation")) {
            return;
        } else if (!read_special()) {
            add(variable());
        }
    }

private:
    /// True when the word here is a setting's name, whatever else it may mean: SET role = x,
    /// SET local.x TO y.
    bool is_name_of_own() const {
        const TokenReader next = reader_.after();
        return next.at_operator("=") || next.at_word("to") || next.at_word("from") ||
               next.at(TokenKind::Dot);
    }

    /// The settings that have words of their own.
    bool read_special() {
        if (is_name_of_own()) return false;
        const TokenReader next = reader_.after();
        if (reader_.at_word("time") && next.at_word("zone")) return add("timezone");
        if (reader_.at_word("session") && next.at_word("authorization"))
            return add("session_authorization");
        if (at_characteristics()) return add_characteristics();
        if (reader_.at_word("xml") && next.at_word("option")) return add("xmloption");
        if (reader_.at_word("role")) return add("role");
        if (reader_.at_word("names")) return add("client_encoding");
        if (reader_.at_word("schema")) return add("search_path");
        return false;
    }

    bool at_characteristics() const {
        const TokenReader next = reader_.after();
        return reader_.at_word("session") && next.at_word("characteristics") &&
               next.after().at_word("as");
    }

    bool add_characteristics() {
        for (; !reader_.at_end(); reader_.advance()) {
            if (reader_.at_word("isolation")) add("default_transaction_isolation");
            if (reader_.at_word("read")) {
                // ISOLATION LEVEL READ COMMITTED is not READ ONLY.
                const TokenReader next = reader_.after();
                if (next.at_word("only") || next.at_word("write"))
                    add("default_transaction_read_only");
            }
            if (reader_.at_word("deferrable")) add("default_transaction_deferrable");
        }
        return true;
    }

    std::string variable() {
        std::string name;
        while (reader_.at_name()) {
            const auto part = identifier(reader_.token());
            if (!part) return {};
            name += *part;
            reader_.advance();
            if (!reader_.take(TokenKind::Dot)) break;
            name += '.';
        }
        return canonical(lower(name));
    }

    bool add(std::string name) {
        const bool local = local_ || is_transactions_own(name);
        changes_.push_back({.name = std::move(name), .local = local, .reset = reset_});
        return true;
    }

    TokenReader reader_;
    std::vector<GucChange>& changes_;
    bool local_ = false, reset_ = false;
};

/// Calls of set_config(name, value, is_local) anywhere in a statement, also in each other.
class CallReader {
public:
    CallReader(TokenReader reader, Backslash backslash, std::vector<GucChange>& changes)
        : reader_(reader), backslash_(backslash), changes_(changes) {}

    void read() {
        for (; !reader_.at_end(); reader_.advance()) {
            const Token& token = reader_.token();
            switch (token.kind) {
                case TokenKind::Open:
                case TokenKind::BracketOpen: open(); break;
                case TokenKind::Close:
                case TokenKind::BracketClose: close(); break;
                case TokenKind::Comma:
                    if (in_call()) {
                        finish_argument();
                    } else {
                        take(token);
                    }
                    break;
                default: take(token); break;
            }
            remember(token);
        }
        while (!calls_.empty()) finish_call();  // broken off
    }

private:
    struct Call {
        std::size_t depth = 0;
        std::size_t argument = 0;
        std::size_t tokens = 0;  ///< of this argument
        Token first{};
        bool in_cast = false, complex = false;
        std::optional<std::string> name{};
        bool local = false;
    };

    bool in_call() const { return !calls_.empty() && calls_.back().depth == depth_; }

    /// Notes one token of the innermost call's argument: a constant, maybe cast, or anything else.
    void take(const Token& token) {
        if (calls_.empty()) return;
        Call& call = calls_.back();
        if (call.tokens++ == 0) {
            call.first = token;
            return;
        }
        const bool of_type = token.kind == TokenKind::Word || token.kind == TokenKind::Name ||
                             token.kind == TokenKind::Dot;
        call.in_cast = call.in_cast || token.kind == TokenKind::Cast;
        call.complex = call.complex || !call.in_cast || !(of_type || token.kind == TokenKind::Cast);
    }

    void open() {
        take(reader_.token());
        ++depth_;
        if (is_set_config_) calls_.push_back({.depth = depth_});
    }

    void close() {
        if (in_call()) finish_call();
        if (depth_ > 0) --depth_;
        take(reader_.token());
    }

    void finish_argument() {
        Call& call = calls_.back();
        if (!call.complex && call.tokens > 0) {
            const auto text = string_value(call.first, backslash_);
            if (call.argument == 0) call.name = text;
            if (call.argument == 2) {
                constexpr std::array<std::string_view, 6> kTrue{"t", "true", "y", "yes", "on", "1"};
                call.local = is_word(call.first, "true") ||
                             (text && std::ranges::find(kTrue, lower(*text)) != kTrue.end());
            }
        }
        ++call.argument;
        call.tokens = 0;
        call.in_cast = call.complex = false;
    }

    void finish_call() {
        finish_argument();
        Call& call = calls_.back();
        std::string name = canonical(lower(call.name.value_or("")));
        const bool local = call.local || is_transactions_own(name);
        changes_.push_back({.name = std::move(name), .local = local});
        calls_.pop_back();
        if (!calls_.empty()) calls_.back().complex = true;
    }

    /// Keeps whether the name that just ended is set_config, alone or in pg_catalog.
    void remember(const Token& token) {
        const bool is_name = token.kind == TokenKind::Word || token.kind == TokenKind::Name;
        // U&"set\005fconfig" is beyond what is read here; it counts as one.
        const auto name = is_name ? identifier(token).value_or("set_config") : std::string();
        is_set_config_ = name == "set_config" && (!after_dot_ || in_pg_catalog_);
        if (token.kind == TokenKind::Dot) {
            after_dot_ = true;
            return;
        }
        in_pg_catalog_ = name == "pg_catalog";
        after_dot_ = false;
    }

    TokenReader reader_;
    Backslash backslash_;
    std::vector<GucChange>& changes_;
    std::vector<Call> calls_;
    std::size_t depth_ = 0;
    bool is_set_config_ = false, after_dot_ = false, in_pg_catalog_ = false;
};

}  // namespace

std::vector<GucChange> guc_changes(std::string_view statement, Backslash backslash) {
    std::vector<GucChange> changes;
    TokenReader reader(statement, backslash);
    if (reader.take_word("set")) {
        SetReader(reader, changes).read_set();
    } else if (reader.take_word("reset")) {
        SetReader(reader, changes).read_reset();
    } else if (reader.take_word("discard")) {
        if (reader.at_word("all"))
            changes = {{.all = true},
                       {.name = "session_authorization", .reset = true},
                       {.name = "role", .reset = true}};
    } else {
        CallReader(reader, backslash, changes).read();
    }
    return changes;
}

}  // namespace pgsidecar::sql
