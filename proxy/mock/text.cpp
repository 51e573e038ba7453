#include "proxy/mock/text.hpp"

#include <algorithm>

namespace pgsidecar::proxy::mock {
namespace {

using sql::Token;
using sql::TokenKind;

char folded(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

void append_utf8(std::string& out, unsigned code) {
    if (code < 0x80) {
        out += static_cast<char>(code);
    } else if (code < 0x800) {
        out += static_cast<char>(0xc0 | code >> 6);
        out += static_cast<char>(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
        out += static_cast<char>(0xe0 | code >> 12);
        out += static_cast<char>(0x80 | (code >> 6 & 0x3f));
        out += static_cast<char>(0x80 | (code & 0x3f));
    } else if (code < 0x110000) {
        out += static_cast<char>(0xf0 | code >> 18);
        out += static_cast<char>(0x80 | (code >> 12 & 0x3f));
        out += static_cast<char>(0x80 | (code >> 6 & 0x3f));
        out += static_cast<char>(0x80 | (code & 0x3f));
    }
}

int digit_of(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    c = folded(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 99;
}

/// Up to `places` digits of that base.
unsigned take_code(std::string_view& text, int base, std::size_t places) {
    unsigned code = 0;
    for (std::size_t i = 0; i < places && !text.empty() && digit_of(text.front()) < base; ++i) {
        code = code * static_cast<unsigned>(base) + static_cast<unsigned>(digit_of(text.front()));
        text.remove_prefix(1);
    }
    return code;
}

/// What stands behind a backslash in E'..' (manual, "String Constants With C-Style Escapes").
void take_escape(std::string_view& text, std::string& out) {
    char c = text.front();
    if (c >= '0' && c <= '7') {
        out += static_cast<char>(take_code(text, 8, 3));
        return;
    }
    text.remove_prefix(1);
    switch (c) {
        case 'b': out += '\b'; return;
        case 'f': out += '\f'; return;
        case 'n': out += '\n'; return;
        case 'r': out += '\r'; return;
        case 't': out += '\t'; return;
        case 'x': out += static_cast<char>(take_code(text, 16, 2)); return;
        case 'u': append_utf8(out, take_code(text, 16, 4)); return;
        case 'U': append_utf8(out, take_code(text, 16, 8)); return;
        default: out += c;
    }
}

/// The inside of '..', and of what goes on behind a newline.
std::string unquoted(std::string_view text, bool escapes, bool& inside) {
    std::string out;
    inside = true;
    while (!text.empty()) {
        char c = text.front();
        text.remove_prefix(1);
        if (c == '\'') {
            bool doubled = inside && text.starts_with('\'');
            if (doubled) {
                out += c;
                text.remove_prefix(1);
            } else {
                inside = !inside;
            }
        } else if (inside && escapes && c == '\\' && !text.empty()) {
            take_escape(text, out);
        } else if (inside) {
            out += c;
        }
    }
    return out;
}

bool has_escapes(std::string_view text, sql::Backslash backslash) {
    return folded(text.front()) == 'e' || backslash == sql::Backslash::Escapes;
}

std::string_view without_tag(std::string_view text) {
    auto end = text.find('$', 1);
    if (end == std::string_view::npos || text.size() < 2 * (end + 1)) return {};
    return text.substr(end + 1, text.size() - 2 * (end + 1));
}

}  // namespace

std::string lower(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(), folded);
    return out;
}

bool is_word(const Token& token, std::string_view keyword) {
    if (token.kind != TokenKind::Word || token.size() != keyword.size()) return false;
    return std::equal(keyword.begin(), keyword.end(), token.begin,
                      [](char a, char b) { return a == folded(b); });
}

bool is_name(const Token& token) {
    return token.kind == TokenKind::Word || token.kind == TokenKind::Name;
}

std::string name_in(const Token& token) {
    if (token.kind == TokenKind::Word) return lower(token.text());
    std::string_view text = token.text();
    text.remove_prefix(std::min(text.find('"') + 1, text.size()));
    if (text.ends_with('"')) text.remove_suffix(1);
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        out += text[i];
        if (text[i] == '"' && i + 1 < text.size() && text[i + 1] == '"') ++i;
    }
    return out;
}

std::string string_in(const Token& token, sql::Backslash backslash) {
    std::string_view text = token.text();
    if (text.starts_with('$')) return std::string(without_tag(text));
    auto quote = text.find('\'');
    if (quote == std::string_view::npos) return std::string(text);
    bool inside = false;
    return unquoted(text.substr(quote + 1), has_escapes(text, backslash), inside);
}

bool is_closed(const Token& token, sql::Backslash backslash) {
    std::string_view text = token.text();
    if (token.kind != TokenKind::String && token.kind != TokenKind::UnicodeString &&
        token.kind != TokenKind::BitString) {
        return true;
    }
    if (text.starts_with('$')) {
        auto end = text.find('$', 1);
        return end != std::string_view::npos && text.size() >= 2 * (end + 1) &&
               text.ends_with(text.substr(0, end + 1));
    }
    auto quote = text.find('\'');
    if (quote == std::string_view::npos) return false;
    bool inside = false;
    (void)unquoted(text.substr(quote + 1), has_escapes(text, backslash), inside);
    return !inside;
}

std::string_view Tokens::skip_group() {
    const char* begin = next().end;
    const char* end = begin;
    for (int depth = 1; !at_end();) {
        const Token token = next();
        if (token.kind == TokenKind::Open || token.kind == TokenKind::BracketOpen) ++depth;
        if (token.kind == TokenKind::Close || token.kind == TokenKind::BracketClose) --depth;
        if (depth == 0) return {begin, static_cast<std::size_t>(token.begin - begin)};
        end = token.end;
    }
    return {begin, static_cast<std::size_t>(end - begin)};
}

std::string Tokens::take_name() {
    std::string name;
    while (is_name(token_)) {
        name = name_in(next());
        if (!skip(TokenKind::Dot)) break;
    }
    return name;
}

}  // namespace pgsidecar::proxy::mock
