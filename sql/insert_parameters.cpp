#include "sql/insert_parameters.hpp"

#include <charconv>
#include <optional>
#include <utility>

#include "sql/token_reader.hpp"
#include "sql/type_name.hpp"

namespace pgsidecar::sql {

namespace {

/// Bind can carry no more (manual, "Message Formats": Int16, unsigned).
constexpr std::size_t kMaxParameters = 65'535;

/// What an expression is the value of.
struct Target {
    std::string column;
    std::size_t position = InsertParameters::kNoPosition;
};

class InsertReader {
public:
    InsertReader(std::string_view statement, Backslash backslash) : reader_(statement, backslash) {}

    InsertParameters read() {
        result_.understood = read_head() && read_rows();
        if (!result_.understood) return {};
        read_conflict();
        return std::move(result_);
    }

private:
    /// INSERT INTO t AS x (a, b) OVERRIDING ... VALUES
    bool read_head() {
        if (!reader_.take_word("insert") || !reader_.take_word("into") || !read_table())
            return false;
        if (reader_.take_word("as")) {
            if (!reader_.at_name()) return false;
            reader_.advance();
        }
        if (reader_.at(TokenKind::Open) && !read_columns()) return false;
        if (reader_.take_word("overriding")) {
            reader_.advance();
            if (!reader_.take_word("value")) return false;
        }
        if (reader_.take_word("default")) return reader_.at_word("values");
        return reader_.at_word("values") && reader_.after().at(TokenKind::Open);
    }

    bool read_table() {
        for (int parts = 0; parts < 3 && reader_.at_name(); ++parts) {
            auto part = identifier(reader_.token());
            if (!part) return false;
            result_.schema = std::exchange(result_.table, std::move(*part));
            reader_.advance();
            if (!reader_.take(TokenKind::Dot)) return true;
        }
        return false;
    }

    /// (a, b[1], c.d): a part of a column has another type than the column, so it has no name here.
    bool read_columns() {
        has_columns_ = true;
        do {
            reader_.advance();
            if (!reader_.at_name()) return false;
            columns_.push_back(identifier(reader_.token()).value_or(""));
            reader_.advance();
            while (!reader_.at(TokenKind::Comma) && !reader_.at(TokenKind::Close)) {
                if (!reader_.at(TokenKind::Dot) && !reader_.at(TokenKind::BracketOpen))
                    return false;  // (select ...
                columns_.back().clear();
                skip_part();
                if (reader_.at_end()) return false;
            }
        } while (reader_.at(TokenKind::Comma));
        reader_.advance();
        return true;
    }

    void skip_part() {
        if (reader_.take(TokenKind::Dot)) {
            reader_.advance();
            return;
        }
        while (!reader_.at_end() && !reader_.at(TokenKind::BracketClose)) reader_.advance();
        reader_.advance();
    }

    bool read_rows() {
        reader_.advance();
        while (reader_.take(TokenKind::Open)) {
            std::size_t index = 0;
            do read_expression(target_of(index++));
            while (reader_.take(TokenKind::Comma));
            if (!reader_.take(TokenKind::Close)) return reader_.at_end();
            if (!reader_.take(TokenKind::Comma)) break;
        }
        return true;
    }

    Target target_of(std::size_t index) const {
        if (!has_columns_) return {{}, index};
        return {index < columns_.size() ? columns_[index] : std::string()};
    }

    /// ON CONFLICT ... DO UPDATE SET a = $1, b = ...; elsewhere only casts tell a type.
    void read_conflict() {
        bool updates = false;
        while (!reader_.at_end()) {
            if (updates && reader_.take_word("set")) {
                do read_expression(assignment());
                while (reader_.take(TokenKind::Comma));
            }
            updates = reader_.at_word("update");
            const TokenReader before = reader_;
            read_expression({});
            if (reader_.token().begin == before.token().begin) reader_.advance();
        }
    }

    Target assignment() {
        if (!reader_.at_name()) return {};
        auto column = identifier(reader_.token());
        TokenReader next = reader_.after();
        if (!column || !next.take_operator("=")) return {};
        reader_ = next;
        return {std::move(*column)};
    }

    /// Reads up to what ends an expression: a comma or parenthesis of its surroundings, a word that
    /// begins the next clause.
    void read_expression(const Target& target) {
        std::size_t depth = 0;
        std::size_t wraps = 0;  // parentheses just before, that are nothing but parentheses
        bool leading = true;    // nothing but such so far
        bool in_cast = false;   // CAST( stands before them
        bool operand = true;    // a parenthesis here is no call's
        for (; !reader_.at_end(); reader_.advance()) {
            const Token token = reader_.token();
            if (depth == 0 && ends_expression(token)) return;
            switch (token.kind) {
                case TokenKind::Open:
                    ++depth;
                    wraps = operand ? wraps + 1 : 0;
                    leading = leading && operand;
                    operand = true;
                    continue;
                case TokenKind::Param:
                    take_parameter(token, target, wraps, leading, in_cast);
                    break;
                case TokenKind::BracketOpen: ++depth; break;
                case TokenKind::Close:
                case TokenKind::BracketClose: --depth; break;
                default: break;
            }
            in_cast = is_word(token, "cast");
            leading = false;
            wraps = 0;
            operand = token.kind == TokenKind::Operator || token.kind == TokenKind::Comma ||
                      token.kind == TokenKind::BracketOpen;
        }
    }

    static bool ends_expression(const Token& token) {
        return token.kind == TokenKind::Comma || token.kind == TokenKind::Close ||
               token.kind == TokenKind::BracketClose || token.kind == TokenKind::Semicolon ||
               is_word(token, "where") || is_word(token, "returning") || is_word(token, "set") ||
               is_word(token, "update");
    }

    void take_parameter(const Token& token, const Target& target, std::size_t wraps, bool leading,
                        bool in_cast) {
        std::size_t number = 0;
        const auto [end, error] = std::from_chars(token.begin + 1, token.end, number);
        if (error != std::errc() || end != token.end || number == 0 || number > kMaxParameters)
            return;
        if (result_.parameters.size() < number) result_.parameters.resize(number);
        auto& parameter = result_.parameters[number - 1];

        TokenReader ahead = reader_.after();
        while (wraps > 0 && ahead.take(TokenKind::Close)) --wraps;
        const bool cast =
            ahead.take(TokenKind::Cast) || (in_cast && wraps == 0 && ahead.take_word("as"));
        if (cast) {
            if (parameter.cast) return;
            parameter = {.type = read_type_name(ahead), .cast = true};
        } else if (leading && wraps == 0 && !parameter.cast && !parameter.has_column() &&
                   (ahead.at_end() || ends_expression(ahead.token()))) {
            parameter.column = target.column;
            parameter.position = target.position;
        }
    }

    TokenReader reader_;
    InsertParameters result_;
    bool has_columns_ = false;
    std::vector<std::string> columns_;
};

}  // namespace

InsertParameters insert_parameters(std::string_view statement, Backslash backslash) {
    return InsertReader(statement, backslash).read();
}

}  // namespace pgsidecar::sql
