#include "sql/lexer.hpp"

#include <cstring>

#include "sql/character_class.hpp"

namespace pgsidecar::sql {

namespace {

/// The end of a "--" comment: its newline, or the text's end.
const char* end_of_line(const char* p, const char* limit) {
    while (p < limit && *p != '\n' && *p != '\r') ++p;
    return p;
}

/// Past a /* comment */, which nests; the text's end when it never closes.
const char* end_of_comment(const char* p, const char* limit) {
    int depth = 0;
    while (limit - p >= 2) {
        if (p[0] == '/' && p[1] == '*') {
            ++depth;
            p += 2;
        } else if (p[0] == '*' && p[1] == '/') {
            p += 2;
            if (--depth == 0) return p;
        } else {
            ++p;
        }
    }
    return limit;
}

/// Just inside the next part of a literal that goes on after a newline ('a' <newline> 'b'), or
/// null.
const char* continuation(const char* p, const char* limit) {
    bool newline = false;
    while (p < limit) {
        if (is(*p, kSpace)) {
            newline = newline || *p == '\n' || *p == '\r';
            ++p;
        } else if (limit - p >= 2 && p[0] == '-' && p[1] == '-') {
            p = end_of_line(p, limit);
        } else {
            break;
        }
    }
    return newline && p < limit && *p == '\'' ? p + 1 : nullptr;
}

/// Past the closing quote, doubled ones skipped; the text's end when there is none.
const char* end_of_quoted(const char* p, const char* limit, char quote) {
    for (;;) {
        const auto rest = static_cast<std::size_t>(limit - p);
        const void* found = rest == 0 ? nullptr : std::memchr(p, quote, rest);
        if (found == nullptr) return nullptr;
        p = static_cast<const char*>(found) + 1;
        if (p == limit || *p != quote) return p;
        ++p;
    }
}

const char* end_of_escaped(const char* p, const char* limit) {
    while (p < limit) {
        if (*p == '\\') {
            p += limit - p >= 2 ? 2 : 1;
        } else if (*p != '\'') {
            ++p;
        } else if (limit - p >= 2 && p[1] == '\'') {
            p += 2;
        } else {
            return p + 1;
        }
    }
    return nullptr;
}

}  // namespace

bool Lexer::skip_blank() {
    while (at_ < limit_) {
        if (is(*at_, kSpace)) {
            ++at_;
        } else if (*at_ == '-' && has(1, '-')) {
            at_ = end_of_line(at_, limit_);
        } else if (*at_ == '/' && has(1, '*')) {
            at_ = end_of_comment(at_, limit_);
        } else {
            return true;
        }
    }
    return false;
}

Token Lexer::next() {
    if (!skip_blank()) return {TokenKind::End, at_, at_};
    const char c = *at_;
    if (is(c, kIdentStart)) return word();
    if (is(c, kDigit)) return number();
    switch (c) {
        case '\'': return quoted(TokenKind::String, 1, backslash_ == Backslash::Escapes);
        case '"': return quoted_name(1);
        case '(': return single(TokenKind::Open);
        case ')': return single(TokenKind::Close);
        case '[': return single(TokenKind::BracketOpen);
        case ']': return single(TokenKind::BracketClose);
        case ',': return single(TokenKind::Comma);
        case ';': return single(TokenKind::Semicolon);
        case '$': return dollar();
        case '.':
            return limit_ - at_ >= 2 && is(at_[1], kDigit) ? number() : single(TokenKind::Dot);
        case ':': {
            const char* begin = at_;
            const bool cast = has(1, ':');
            at_ += cast || has(1, '=') ? 2 : 1;
            return {cast ? TokenKind::Cast : TokenKind::Operator, begin, at_};
        }
        default: return is(c, kOperator) ? operators() : single(TokenKind::Other);
    }
}

bool Lexer::number_follows() const {
    const char* p = at_;
    while (p < limit_ && is(*p, kSpace)) ++p;
    if (p < limit_ && *p == '.') ++p;
    return p < limit_ && is(*p, kDigit);
}

Token Lexer::single(TokenKind kind) {
    const char* begin = at_++;
    return {kind, begin, at_};
}

Token Lexer::word() {
    const char* begin = at_;
    if (has(1, '\'')) {
        switch (*begin) {
            case 'e':
            case 'E': return quoted(TokenKind::String, 2, true);
            case 'n':
            case 'N': return quoted(TokenKind::String, 2, backslash_ == Backslash::Escapes);
            case 'b':
            case 'B':
            case 'x':
            case 'X': return quoted(TokenKind::BitString, 2, false);
            default: break;
        }
    } else if ((*begin == 'u' || *begin == 'U') && has(1, '&')) {
        if (has(2, '\'')) return quoted(TokenKind::UnicodeString, 3, false);
        if (has(2, '"')) return quoted_name(3);
    }
    do ++at_;
    while (at_ < limit_ && is(*at_, kWordPart));
    return {TokenKind::Word, begin, at_};
}

Token Lexer::number() {
    const char* begin = at_;
    const bool plain = !(*begin == '0' && limit_ - at_ >= 2 && is(at_[1], kIdentStart));
    bool decimal = false, point = false;
    // Letters and underscores that follow belong to it: 0x1F, 1_000, and what PostgreSQL calls
    // trailing junk.
    while (at_ < limit_) {
        const char c = *at_;
        if (plain && (c == 'e' || c == 'E') && limit_ - at_ >= 3 &&
            (at_[1] == '+' || at_[1] == '-') && is(at_[2], kDigit)) {
            decimal = true;
            at_ += 2;
        } else if (c == '.' && !point && !has(1, '.')) {
            decimal = point = true;
            ++at_;
        } else if (is(c, kIdentPart)) {
            decimal = decimal || (plain && (c == 'e' || c == 'E'));
            ++at_;
        } else {
            break;
        }
    }
    return {decimal ? TokenKind::Decimal : TokenKind::Integer, begin, at_};
}

Token Lexer::operators() {
    const char* begin = at_;
    bool special = false;  // only an operator with one of these may end in + or -
    while (at_ < limit_ && is(*at_, kOperator)) {
        if (at_ > begin && ((*at_ == '-' && has(1, '-')) || (*at_ == '/' && has(1, '*')))) break;
        special = special || std::strchr("~!@#^&|`?%", *at_) != nullptr;
        ++at_;
    }
    while (!special && at_ - begin > 1 && (at_[-1] == '+' || at_[-1] == '-')) --at_;
    return {TokenKind::Operator, begin, at_};
}

Token Lexer::dollar() {
    const char* begin = at_;
    const char* p = at_ + 1;
    if (p < limit_ && is(*p, kDigit)) {
        while (p < limit_ && is(*p, kDigit)) ++p;
        at_ = p;
        return {TokenKind::Param, begin, at_};
    }
    if (p < limit_ && is(*p, kIdentStart)) {
        while (p < limit_ && is(*p, kIdentPart)) ++p;
    }
    if (p == limit_ || *p != '$') return single(TokenKind::Other);
    const std::string_view tag(begin, static_cast<std::size_t>(p + 1 - begin));
    const std::string_view rest(p + 1, static_cast<std::size_t>(limit_ - p - 1));
    const std::size_t close = rest.find(tag);
    at_ = close == std::string_view::npos ? limit_ : rest.data() + close + tag.size();
    return {TokenKind::String, begin, at_};
}

Token Lexer::quoted(TokenKind kind, std::size_t prefix, bool escapes) {
    const char* begin = at_;
    const char* p = at_ + prefix;
    do {
        p = escapes ? end_of_escaped(p, limit_) : end_of_quoted(p, limit_, '\'');
        at_ = p == nullptr ? limit_ : p;
        p = p == nullptr ? nullptr : continuation(p, limit_);
    } while (p != nullptr);
    const Token token{kind, begin, at_};
    if (kind == TokenKind::UnicodeString) skip_uescape();
    return token;
}

Token Lexer::quoted_name(std::size_t prefix) {
    const char* begin = at_;
    const char* end = end_of_quoted(at_ + prefix, limit_, '"');
    at_ = end == nullptr ? limit_ : end;
    // Without an end it may have swallowed literals.
    if (end == nullptr) return {TokenKind::String, begin, at_};
    const Token token{TokenKind::Name, begin, at_};
    if (prefix == 3) skip_uescape();
    return token;
}

void Lexer::skip_uescape() {
    const char* back = at_;
    constexpr std::string_view kWord = "uescape";
    bool same = skip_blank() && static_cast<std::size_t>(limit_ - at_) > kWord.size();
    for (std::size_t i = 0; same && i < kWord.size(); ++i) same = (at_[i] | 0x20) == kWord[i];
    if (same) {
        at_ += kWord.size();
        if (skip_blank() && *at_ == '\'') {
            quoted(TokenKind::String, 1, false);
            return;
        }
    }
    at_ = back;
}

}  // namespace pgsidecar::sql
