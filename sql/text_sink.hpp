#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "sql/fingerprint_sink.hpp"
#include "sql/lexer.hpp"

namespace pgsidecar::sql {

/// Writes what the normaliser lets through, for people or for a parser; only used when a statement
/// is new.
class TextSink {
public:
    enum class Style : std::uint8_t {
        Display,   ///< `?` for a literal, `(...)` for a list, spaces as people write them
        Skeleton,  ///< SQL that still parses: '' or a number for a literal
    };
    struct Mark {
        FingerprintSink::Mark hash;
        std::size_t size = 0;
        TokenKind previous = TokenKind::End;
        bool spaced = false;
    };

    TextSink(Style style, std::size_t max_bytes, const char* limit)
        : style_(style), max_bytes_(max_bytes), hash_(0, limit) {}

    void word(const Token& token, std::uint64_t first);
    void verbatim(const Token& token);
    void punctuation(TokenKind kind);
    void literal(const Token& token);
    void list(TokenKind open);

    Mark mark() const { return {hash_.mark(), out_.size(), previous_, spaced_}; }
    void rewind(const Mark& mark);
    void begin_row() { hash_.begin_row(); }
    Fingerprint end_row() { return hash_.end_row(); }

    /// True when the text did not fit and what there is of it is only its beginning.
    bool cut() const { return out_.size() >= max_bytes_; }
    const std::string& text() const { return out_; }
    /// For Display: valid UTF-8, cut between characters.
    std::string take_display();

private:
    /// Where the text begins in out_; its end when nothing fits any more.
    std::size_t put(TokenKind kind, std::string_view text);
    bool space_before(TokenKind kind) const;
    bool space_for_people(TokenKind kind) const;

    Style style_;
    std::size_t max_bytes_;
    FingerprintSink hash_;  ///< tells equal rows of VALUES, as in the fingerprint
    std::string out_;
    TokenKind previous_ = TokenKind::End;
    bool spaced_ = false;  ///< the last word wants a space before a parenthesis
};

}  // namespace pgsidecar::sql
