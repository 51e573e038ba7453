#include "proxy/admin/tokens.hpp"

#include <algorithm>

namespace pgsidecar::proxy::admin {
namespace {

bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool starts_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c & 0x80) != 0;
}
bool in_word(char c) { return starts_word(c) || is_digit(c) || c == '$'; }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// Cuts tokens off the front of a text.
class Scanner {
public:
    explicit Scanner(std::string_view text) : rest_(text) {}

    /// Past blanks and comments. False: a comment is not closed.
    bool skip_space() {
        for (;;) {
            while (!rest_.empty() && is_blank(rest_[0])) rest_.remove_prefix(1);
            if (rest_.starts_with("--")) {
                rest_.remove_prefix(std::min(rest_.find('\n'), rest_.size()));
            } else if (rest_.starts_with("/*")) {
                if (!skip_comment()) return false;
            } else {
                return true;
            }
        }
    }
    bool at_end() const { return rest_.empty(); }
    Token next() {
        const char c = rest_[0];
        if (c == '"') return quoted(Token::Kind::Name, '"');
        if (c == '\'') return quoted(Token::Kind::Literal, '\'');
        if (is_digit(c)) return run(Token::Kind::Number, is_digit);
        if (starts_word(c)) return run(Token::Kind::Word, in_word);
        rest_.remove_prefix(1);
        return {Token::Kind::Sign, std::string(1, c)};
    }

private:
    /// They nest, as in PostgreSQL.
    bool skip_comment() {
        std::size_t depth = 0;
        while (!rest_.empty()) {
            const bool opens = rest_.starts_with("/*"), closes = rest_.starts_with("*/");
            rest_.remove_prefix(opens || closes ? 2 : 1);
            depth += opens ? 1 : 0;
            if (closes && --depth == 0) return true;
        }
        return false;
    }
    Token quoted(Token::Kind kind, char quote) {
        Token token{kind, {}};
        for (std::size_t i = 1; i < rest_.size(); ++i) {
            if (rest_[i] != quote) {
                token.text += rest_[i];
            } else if (i + 1 < rest_.size() && rest_[i + 1] == quote) {
                token.text += rest_[++i];
            } else {
                rest_.remove_prefix(i + 1);
                return token;
            }
        }
        rest_ = {};
        return {Token::Kind::Unfinished, {}};
    }
    Token run(Token::Kind kind, bool (*belongs)(char)) {
        Token token{kind, {}};
        while (!rest_.empty() && belongs(rest_[0])) {
            token.text += lower(rest_[0]);
            rest_.remove_prefix(1);
        }
        return token;
    }

    std::string_view rest_;
};

}  // namespace

std::vector<std::vector<Token>> split_statements(std::string_view text) {
    std::vector<std::vector<Token>> statements(1);
    Scanner scanner(text);
    while (true) {
        if (!scanner.skip_space()) statements.back().push_back({Token::Kind::Unfinished, {}});
        if (scanner.at_end()) break;
        Token token = scanner.next();
        if (token.kind == Token::Kind::Sign && token.text == ";") {
            if (!statements.back().empty()) statements.emplace_back();
        } else {
            statements.back().push_back(std::move(token));
        }
    }
    if (statements.back().empty()) statements.pop_back();
    return statements;
}

}  // namespace pgsidecar::proxy::admin
