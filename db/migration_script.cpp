#include "db/migration_script.hpp"

#include <algorithm>
#include <utility>

namespace pgsidecar::db {
namespace {

bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool begins_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           static_cast<unsigned char>(c) >= 0x80;
}
bool goes_on_in_word(char c) { return begins_word(c) || is_digit(c) || c == '$'; }

std::string small(std::string_view word) {
    std::string out(word);
    for (char& c : out) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return out;
}

class Splitter {
public:
    explicit Splitter(std::string_view text) : text_(text) {}

    MigrationScript split() {
        while (at_ < text_.size() && out_.problem.empty()) step();
        finish();
        return std::move(out_);
    }

private:
    char peek(std::size_t ahead = 0) const {
        return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
    }
    int line_of(std::size_t position) {
        const auto passed = text_.substr(counted_, position - counted_);
        line_ += static_cast<int>(std::count(passed.begin(), passed.end(), '\n'));
        counted_ = position;
        return line_;
    }

    void step() {
        const char c = peek();
        if (is_blank(c)) {
            ++at_;
        } else if (c == '-' && peek(1) == '-') {
            at_ = std::min(text_.find('\n', at_), text_.size());
        } else if (c == '/' && peek(1) == '*') {
            comment();
        } else if (c == ';' && parentheses_ <= 0 && blocks_ == 0) {
            finish();
            ++at_;
        } else {
            begin();
            token(c);
        }
    }

    void token(char c) {
        if (begins_word(c)) return word();
        if (is_digit(c)) return skip_word();
        if (c == '\'') return quoted('\'', false);
        if (c == '"') return quoted('"', false);
        if (c == '$') return dollar();
        if (c == '\\') return backslash();
        if (c == '(') ++parentheses_;
        if (c == ')') --parentheses_;
        ++at_;
    }

    void begin() {
        if (in_statement_) return;
        in_statement_ = true;
        start_ = at_;
        current_ = {};
        current_.line = line_of(at_);
        word_count_ = 0;
        parentheses_ = 0;
    }
    void finish() {
        if (!in_statement_ || !out_.problem.empty()) return;
        in_statement_ = false;
        auto text = text_.substr(start_, at_ - start_);
        while (is_blank(text.back())) text.remove_suffix(1);
        current_.text = text;
        out_.statements.push_back(std::move(current_));
    }

    void never_ends(std::string_view what, std::size_t from) {
        out_.problem = std::string(what) + " begins here and never ends";
        // Counting goes forward only, and may have passed this place already.
        const auto before = text_.substr(0, from);
        out_.problem_line = 1 + static_cast<int>(std::count(before.begin(), before.end(), '\n'));
        at_ = text_.size();
    }

    void comment() {
        const std::size_t from = at_;
        int depth = 0;
        do {
            if (at_ >= text_.size()) return never_ends("a comment", from);
            if (peek() == '/' && peek(1) == '*') {
                ++depth, at_ += 2;
            } else if (peek() == '*' && peek(1) == '/') {
                --depth, at_ += 2;
            } else {
                ++at_;
            }
        } while (depth > 0);
    }

    void quoted(char quote, bool escapes) {
        const std::size_t from = at_;
        do {
            ++at_;
            while (at_ < text_.size() && (peek() != quote || peek(1) == quote)) {
                at_ += peek() == quote || (escapes && peek() == '\\') ? 2U : 1U;
            }
            if (at_ >= text_.size()) {
                return never_ends(quote == '"' ? "a quoted name" : "a quoted text", from);
            }
            ++at_;
        } while (escapes && literal_goes_on());
    }

    /// 'a' and 'b' in two lines are one literal, and the second one has the first one's escapes.
    bool literal_goes_on() {
        std::size_t next = at_;
        bool new_line = false;
        for (; next < text_.size() && is_blank(text_[next]); ++next) {
            new_line = new_line || text_[next] == '\n';
        }
        if (!new_line || next >= text_.size() || text_[next] != '\'') return false;
        at_ = next;
        return true;
    }

    void dollar() {
        const std::size_t from = at_++;
        std::size_t end = at_;
        if (end < text_.size() && begins_word(text_[end])) {
            while (end < text_.size() && goes_on_in_word(text_[end]) && text_[end] != '$') ++end;
        }
        if (end >= text_.size() || text_[end] != '$') return;  // $1, or an operator
        const auto tag = text_.substr(from, end + 1 - from);
        const auto close = text_.find(tag, end + 1);
        if (close == std::string_view::npos) return never_ends("a text in $ quotes", from);
        at_ = close + tag.size();
    }

    void skip_word() {
        while (at_ < text_.size() && goes_on_in_word(text_[at_])) ++at_;
    }

    void word() {
        const std::size_t from = at_;
        skip_word();
        const auto word = text_.substr(from, at_ - from);
        if (peek() == '\'' && (word == "e" || word == "E")) return quoted('\'', true);
        if (parentheses_ > 0) return;
        const std::string known = small(word);
        if (word_count_ < current_.words.size()) current_.words[word_count_] = known;
        ++word_count_;
        if (makes_function()) count_block(known);
    }

    bool makes_function() const {
        const auto& words = current_.words;
        const auto& what = words[1] == "or" && words[2] == "replace" ? words[3] : words[1];
        return words[0] == "create" && (what == "function" || what == "procedure");
    }
    /// The body of CREATE FUNCTION ... BEGIN ATOMIC holds semicolons; CASE ends with END, too.
    void count_block(const std::string& word) {
        if (word == "begin" || (word == "case" && blocks_ > 0)) ++blocks_;
        if (word == "end" && blocks_ > 0) --blocks_;
    }

    void backslash() {
        if (at_ != start_) {
            ++at_;
            return;
        }
        out_.problem = "a command of psql stands here, which only psql knows";
        out_.problem_line = current_.line;
    }

    std::string_view text_;
    std::size_t at_ = 0;
    std::size_t counted_ = 0;
    int line_ = 1;

    MigrationScript out_;
    MigrationStatement current_;
    bool in_statement_ = false;
    std::size_t start_ = 0;
    std::size_t word_count_ = 0;
    int parentheses_ = 0;
    int blocks_ = 0;
};

}  // namespace

std::string_view MigrationStatement::transaction_control() const {
    if (words[0] == "begin") return "BEGIN";
    if (words[0] == "commit") return "COMMIT";
    if (words[0] == "end") return "END";
    if (words[0] == "abort") return "ABORT";
    if (words[0] == "start" && words[1] == "transaction") return "START TRANSACTION";
    if (words[0] == "prepare" && words[1] == "transaction") return "PREPARE TRANSACTION";
    if (words[0] != "rollback") return {};
    const bool noise = words[1] == "work" || words[1] == "transaction";
    return words[noise ? 2 : 1] == "to" ? std::string_view() : "ROLLBACK";
}

MigrationScript split_statements(std::string_view text) { return Splitter(text).split(); }

TextPlace place_of(const MigrationStatement& statement, int position) {
    TextPlace place{statement.line, 1};
    int character = 1;
    for (char c : statement.text) {
        // The bytes that go on in a character of UTF-8 count nothing.
        if ((static_cast<unsigned char>(c) & 0xc0) == 0x80) continue;
        if (character++ >= position) break;
        place.column = c == '\n' ? 1 : place.column + 1;
        place.line += c == '\n' ? 1 : 0;
    }
    return place;
}

}  // namespace pgsidecar::db
