#include "sql/token_text.hpp"

#include <algorithm>

#include "sql/analysis.hpp"

namespace pgsidecar::sql {

namespace {

char lower_char(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

/// The inside of a quoted text, doubled quotes once; nothing when it is not one piece.
std::optional<std::string> unquoted(std::string_view text, char quote) {
    if (text.size() < 2 || text.front() != quote || text.back() != quote) return std::nullopt;
    text = text.substr(1, text.size() - 2);
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == quote && (++i == text.size() || text[i] != quote)) return std::nullopt;
        out.push_back(text[i]);
    }
    return out;
}

}  // namespace

std::string lower(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(), lower_char);
    return out;
}

bool is_word(const Token& token, std::string_view word) {
    return token.kind == TokenKind::Word && token.size() == word.size() &&
           std::equal(word.begin(), word.end(), token.begin,
                      [](char a, char b) { return a == lower_char(b); });
}

std::optional<std::string> identifier(const Token& token) {
    std::optional<std::string> name;
    if (token.kind == TokenKind::Word) {
        name = lower(token.text());
    } else if (token.kind == TokenKind::Name) {
        name = unquoted(token.text(), '"');
    }
    if (name) clip_name(*name);
    return name;
}

std::optional<std::string> string_value(const Token& token, Backslash backslash) {
    if (token.kind != TokenKind::String) return std::nullopt;
    std::string_view text = token.text();
    if (text.front() == '$') {
        const std::size_t tag = text.find('$', 1) + 1;
        if (text.size() < 2 * tag || !text.ends_with(text.substr(0, tag))) return std::nullopt;
        return std::string(text.substr(tag, text.size() - 2 * tag));
    }
    const bool prefixed = text.front() != '\'';
    const bool escapes = backslash == Backslash::Escapes || (text.front() | 0x20) == 'e';
    if (escapes && text.find('\\') != std::string_view::npos) return std::nullopt;
    return unquoted(text.substr(prefixed ? 1 : 0), '\'');
}

void clip_name(std::string& name) {
    if (name.size() <= kMaxNameBytes) return;
    std::size_t size = kMaxNameBytes;
    while (size > 0 && (static_cast<unsigned char>(name[size]) & 0xc0) == 0x80) --size;
    name.resize(size);
}

}  // namespace pgsidecar::sql
