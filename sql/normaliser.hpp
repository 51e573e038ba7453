#pragma once

#include <cstdint>
#include <string_view>

#include "sql/fingerprint_sink.hpp"
#include "sql/lexer.hpp"

namespace pgsidecar::sql {

/// A lower-case word of at most eight letters as load_lower() gives it.
consteval std::uint64_t packed(std::string_view word) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < word.size(); ++i) {
        value |= static_cast<std::uint64_t>(static_cast<unsigned char>(word[i])) << (8 * i);
    }
    return value;
}

/// Takes one statement from the lexer and gives the sink its literal-free form: constants as one
/// mark, lists of constants (`IN (1, 2)`, `ARRAY[1, 2]`, rows of VALUES) as one mark, equal rows of
/// VALUES once, signs of numbers dropped. Every sink thereby sees the same statement, so the
/// fingerprint and the text agree.
template <class Sink>
class Normaliser {
public:
    struct Statement {
        const char* begin = nullptr;   ///< null: there was no token
        const char* end = nullptr;     ///< past the last token, without ';'
        bool last = true;              ///< the text ended, instead of a ';'
        std::uint32_t value_rows = 0;  ///< of a VALUES outside of parentheses
    };

    Normaliser(Lexer& lexer, Sink& sink) : lexer_(lexer), sink_(sink) {}

    Statement run() {
        Statement statement;
        for (;;) {
            const Token token = lexer_.next();
            if (token.kind == TokenKind::End) break;
            if (token.kind == TokenKind::Semicolon && depth_ == 0 && body_depth_ == 0) {
                statement.last = false;
                break;
            }
            if (statement.begin == nullptr) statement.begin = token.begin;
            statement.end = lexer_.position();
            take(token);
        }
        statement.value_rows = value_rows_;
        // Broken off inside a row: what stood before the row counts too.
        if (in_row_) sink_.end_row();
        return statement;
    }

private:
    enum class WordIs : std::uint8_t { None, In, Values, Array, Begin, Default };

    void take(const Token& token) {
        if (rows_open_ && depth_ == rows_depth_ && token.kind != TokenKind::Open &&
            token.kind != TokenKind::Comma) {
            rows_open_ = false;
        }
        WordIs word = WordIs::None;
        switch (token.kind) {
            case TokenKind::Word: word = take_word(token); break;
            case TokenKind::Open:
            case TokenKind::BracketOpen: open(token.kind); break;
            case TokenKind::Close:
            case TokenKind::BracketClose: close(token.kind); break;
            case TokenKind::Operator:
                if (!take_operator(token)) return;
                break;
            case TokenKind::Name:
                list_open_ = list_open_ && names_type();
                sink_.verbatim(token);
                break;
            case TokenKind::String:
            case TokenKind::UnicodeString:
            case TokenKind::BitString:
            case TokenKind::Integer:
            case TokenKind::Decimal:
                list_items_ = true;
                sink_.literal(token);
                break;
            case TokenKind::Param:
                list_items_ = true;
                sink_.verbatim(token);
                break;
            case TokenKind::Comma:
            case TokenKind::Cast:
                in_type_ = token.kind == TokenKind::Cast;
                sink_.punctuation(token.kind);
                break;
            case TokenKind::Dot:
            case TokenKind::Semicolon:
                list_open_ = list_open_ && in_type_;
                sink_.punctuation(token.kind);
                break;
            case TokenKind::Other:
                list_open_ = false;
                sink_.verbatim(token);
                break;
            case TokenKind::End: break;
        }
        previous_ = token.kind;
        previous_word_ = word;
    }

    WordIs take_word(const Token& token) {
        const std::uint64_t first =
            load_lower(token.begin, token.size() < 8 ? token.size() : 8, lexer_.limit());
        sink_.word(token, first);
        const bool begins = !begun_;
        begun_ = true;
        if (list_open_) take_word_in_list(token, first);
        if (token.size() > 8) return WordIs::None;
        switch (first) {
            case packed("in"): return WordIs::In;
            case packed("array"): return WordIs::Array;
            case packed("values"):
                if (!in_row_) {
                    rows_open_ = true;
                    rows_depth_ = depth_;
                    rows_ = 0;
                    if (previous_word_ == WordIs::Default && depth_ == 0) value_rows_ = 1;
                }
                return WordIs::Values;
            case packed("create"): creates_ = creates_ || begins; return WordIs::None;
            case packed("begin"): return WordIs::Begin;
            case packed("default"): return WordIs::Default;
            case packed("atomic"):
                if (creates_ && body_depth_ == 0 && previous_word_ == WordIs::Begin)
                    body_depth_ = 1;
                return WordIs::None;
            case packed("case"):
                if (body_depth_ > 0) ++body_depth_;
                return WordIs::None;
            case packed("end"):
                if (body_depth_ > 0) --body_depth_;
                return WordIs::None;
            default: return WordIs::None;
        }
    }

    /// A list stays one of constants through null, true, false, default, array and the type after a
    /// cast.
    void take_word_in_list(const Token& token, std::uint64_t first) {
        if (names_type()) return;
        if (token.size() <= 8) {
            switch (first) {
                case packed("null"):
                case packed("true"):
                case packed("false"):
                case packed("default"): list_items_ = true; return;
                case packed("array"): return;
                default: break;
            }
        }
        list_open_ = false;
    }

    /// True at a name that follows :: or belongs to one that does.
    bool names_type() const {
        return in_type_ && (previous_ == TokenKind::Cast || previous_ == TokenKind::Dot);
    }

    /// False when the operator was a number's sign and is not to be seen.
    bool take_operator(const Token& token) {
        const bool sign = token.size() == 1 && (*token.begin == '-' || *token.begin == '+');
        const bool prefix =
            sign && (previous_ == TokenKind::Operator || previous_ == TokenKind::Open ||
                     previous_ == TokenKind::BracketOpen || previous_ == TokenKind::Comma);
        if (prefix && lexer_.number_follows()) return false;
        list_open_ = false;
        sink_.verbatim(token);
        return true;
    }

    void open(TokenKind kind) {
        const bool row =
            kind == TokenKind::Open && rows_open_ && !in_row_ && depth_ == rows_depth_ &&
            (previous_word_ == WordIs::Values || (previous_ == TokenKind::Comma && rows_ > 0));
        if (row) {
            in_row_ = true;
            sink_.begin_row();
        } else if (rows_open_ && depth_ == rows_depth_) {
            rows_open_ = false;
        }
        const bool list = kind == TokenKind::Open ? row || previous_word_ == WordIs::In ||
                                                        previous_word_ == WordIs::Values
                                                  : previous_word_ == WordIs::Array;
        if (!list_open_ && list) {
            list_open_ = true;
            list_items_ = false;
            list_depth_ = depth_;
            list_mark_ = sink_.mark();
        }
        ++depth_;
        sink_.punctuation(kind);
    }

    void close(TokenKind kind) {
        sink_.punctuation(kind);
        if (depth_ == 0) return;
        --depth_;
        if (list_open_ && depth_ == list_depth_) {
            list_open_ = false;
            if (list_items_ && previous_ != TokenKind::Comma) {
                sink_.rewind(list_mark_);
                sink_.list(kind == TokenKind::Close ? TokenKind::Open : TokenKind::BracketOpen);
            }
        }
        if (in_row_ && depth_ == rows_depth_) end_row();
    }

    void end_row() {
        in_row_ = false;
        const Fingerprint row = sink_.end_row();
        if (rows_ > 0 && row == row_) {
            sink_.rewind(after_row_);
        } else {
            row_ = row;
            after_row_ = sink_.mark();
        }
        ++rows_;
        // Of several VALUES the last one is the statement's: before it the word can only be a name.
        if (rows_depth_ == 0) value_rows_ = rows_;
    }

    Lexer& lexer_;
    Sink& sink_;
    std::uint32_t depth_ = 0;
    std::uint32_t body_depth_ = 0;  ///< BEGIN ATOMIC and the CASEs in it
    TokenKind previous_ = TokenKind::End;
    WordIs previous_word_ = WordIs::None;
    bool begun_ = false, creates_ = false;

    bool list_open_ = false, list_items_ = false, in_type_ = false;
    std::uint32_t list_depth_ = 0;
    typename Sink::Mark list_mark_{};

    bool rows_open_ = false, in_row_ = false;
    std::uint32_t rows_depth_ = 0;
    std::uint32_t rows_ = 0, value_rows_ = 0;
    Fingerprint row_;
    typename Sink::Mark after_row_{};
};

}  // namespace pgsidecar::sql
