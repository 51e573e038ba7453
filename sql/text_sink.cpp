#include "sql/text_sink.hpp"

#include <algorithm>
#include <array>

namespace pgsidecar::sql {

namespace {

// Sorted. After any other word a parenthesis is taken for a call's: count(*).
constexpr std::array<std::string_view, 39> kSpacedWords = {
    "all",          "and",       "as",     "between", "by",   "case",   "check",  "distinct",
    "else",         "except",    "exists", "for",     "from", "having", "ilike",  "in",
    "include",      "intersect", "into",   "is",      "join", "key",    "like",   "limit",
    "materialized", "not",       "offset", "on",      "or",   "over",   "select", "set",
    "then",         "union",     "using",  "values",  "when", "where",  "with"};
static_assert(std::is_sorted(kSpacedWords.begin(), kSpacedWords.end()));

/// Bytes of the UTF-8 character that the text begins with, 0 when it is none (RFC 3629: no overlong
/// forms, no surrogates).
std::size_t utf8_length(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char lead = byte(0);
    if (lead < 0x80) return 1;
    if (lead < 0xc2 || lead > 0xf4) return 0;
    const std::size_t length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    if (text.size() < length) return 0;
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xc0) != 0x80) return 0;
    }
    const bool overlong = (lead == 0xe0 && byte(1) < 0xa0) || (lead == 0xf0 && byte(1) < 0x90);
    const bool beyond = (lead == 0xed && byte(1) > 0x9f) || (lead == 0xf4 && byte(1) > 0x8f);
    return overlong || beyond ? 0 : length;
}

std::string_view punctuation_text(TokenKind kind) {
    switch (kind) {
        case TokenKind::Open: return "(";
        case TokenKind::Close: return ")";
        case TokenKind::BracketOpen: return "[";
        case TokenKind::BracketClose: return "]";
        case TokenKind::Comma: return ",";
        case TokenKind::Semicolon: return ";";
        case TokenKind::Dot: return ".";
        case TokenKind::Cast: return "::";
        default: return "";
    }
}

std::string_view placeholder(const Token& token) {
    switch (token.kind) {
        case TokenKind::Integer: return "1";
        case TokenKind::Decimal: return "1.5";
        case TokenKind::UnicodeString: return "U&''";
        case TokenKind::BitString: return (*token.begin | 0x20) == 'b' ? "b''" : "x''";
        default: return "''";
    }
}

/// Tokens that no neighbour can run into.
bool parts(TokenKind kind) {
    switch (kind) {
        case TokenKind::Comma:
        case TokenKind::Open:
        case TokenKind::Close:
        case TokenKind::BracketOpen:
        case TokenKind::BracketClose: return true;
        default: return false;
    }
}

}  // namespace

void TextSink::word(const Token& token, std::uint64_t first) {
    hash_.word(token, first);
    const std::size_t begin = put(TokenKind::Word, token.text());
    for (std::size_t i = begin; i < out_.size(); ++i) {
        if (out_[i] >= 'A' && out_[i] <= 'Z') out_[i] = static_cast<char>(out_[i] | 0x20);
    }
    if (style_ == Style::Display && begin < out_.size()) {
        const auto word = std::string_view(out_).substr(begin);
        spaced_ = std::binary_search(kSpacedWords.begin(), kSpacedWords.end(), word);
    }
}

void TextSink::verbatim(const Token& token) {
    hash_.verbatim(token);
    put(token.kind, token.text());
}

void TextSink::punctuation(TokenKind kind) {
    hash_.punctuation(kind);
    put(kind, punctuation_text(kind));
}

void TextSink::literal(const Token& token) {
    hash_.literal(token);
    put(TokenKind::String, style_ == Style::Display ? "?" : placeholder(token));
}

void TextSink::list(TokenKind open) {
    hash_.list(open);
    const bool round = open == TokenKind::Open;
    put(open, round ? "(" : "[");
    // Most places take any constant, but a type's bounds (int array[4]) are numbers, an event
    // trigger's tags strings.
    put(TokenKind::String, style_ == Style::Display ? "..." : round ? "''" : "1");
    put(round ? TokenKind::Close : TokenKind::BracketClose, round ? ")" : "]");
}

void TextSink::rewind(const Mark& mark) {
    hash_.rewind(mark.hash);
    out_.resize(std::min(out_.size(), mark.size));
    previous_ = mark.previous;
    spaced_ = mark.spaced;
}

std::size_t TextSink::put(TokenKind kind, std::string_view text) {
    const bool space = space_before(kind);
    previous_ = kind;
    spaced_ = false;
    if (space && !cut()) out_.push_back(' ');
    const std::size_t begin = out_.size();
    if (!cut()) out_.append(text.substr(0, max_bytes_ - begin));
    return begin;
}

bool TextSink::space_before(TokenKind kind) const {
    if (out_.empty()) return false;
    return style_ == Style::Display ? space_for_people(kind) : !parts(kind) && !parts(previous_);
}

bool TextSink::space_for_people(TokenKind kind) const {
    switch (previous_) {
        case TokenKind::Open:
        case TokenKind::BracketOpen:
        case TokenKind::Dot:
        case TokenKind::Cast: return false;
        default: break;
    }
    const bool after_name = previous_ == TokenKind::Word || previous_ == TokenKind::Name;
    switch (kind) {
        case TokenKind::Comma:
        case TokenKind::Close:
        case TokenKind::BracketClose:
        case TokenKind::Semicolon: return false;
        case TokenKind::Dot:
        case TokenKind::Cast:
            return previous_ == TokenKind::Operator || previous_ == TokenKind::Comma;
        case TokenKind::Open: return !after_name || spaced_;
        case TokenKind::BracketOpen:
            return !after_name && previous_ != TokenKind::Close &&
                   previous_ != TokenKind::BracketClose && previous_ != TokenKind::Param;
        default: return true;
    }
}

std::string TextSink::take_display() {
    const bool was_cut = cut();
    std::string text = std::move(out_);
    for (std::size_t i = 0; i < text.size();) {
        const std::string_view rest = std::string_view(text).substr(i);
        const std::size_t length = utf8_length(rest);
        if (length == 0 && was_cut && rest.size() < 4 &&
            static_cast<unsigned char>(rest[0]) >= 0xc2) {
            // The cut went through a character: it needs more bytes than are left.
            text.resize(i);
        } else if (length == 0 || rest[0] == '\0') {
            text[i++] = '?';
        } else {
            i += length;
        }
    }
    return text;
}

}  // namespace pgsidecar::sql
