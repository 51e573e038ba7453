#include "proxy/core/user_file.hpp"

#include <optional>

namespace pgsidecar::proxy {

namespace {

// One quoted word with doubled quotes inside; text is moved past it.
std::optional<std::string> quoted(std::string_view& text) {
    std::size_t start = text.find_first_not_of(" \t\r");
    if (start == std::string_view::npos || text[start] != '"') return std::nullopt;
    std::string word;
    for (std::size_t i = start + 1; i < text.size(); ++i) {
        if (text[i] != '"') {
            word.push_back(text[i]);
        } else if (i + 1 < text.size() && text[i + 1] == '"') {
            word.push_back('"');
            ++i;
        } else {
            text.remove_prefix(i + 1);
            return word;
        }
    }
    return std::nullopt;
}

}  // namespace

UserFile UserFile::parse(std::string_view text, std::vector<Problem>& problems) {
    UserFile file;
    int number = 0;
    while (!text.empty()) {
        ++number;
        std::size_t end = text.find('\n');
        std::string_view line = text.substr(0, end);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        std::size_t first = line.find_first_not_of(" \t\r");
        if (first == std::string_view::npos || line[first] == ';' || line[first] == '#') continue;
        auto user = quoted(line);
        auto secret = user ? quoted(line) : std::nullopt;
        if (!user || user->empty() || !secret) {
            problems.push_back(
                {number, "expected \"user\" \"password or secret\", both in double quotes"});
            continue;
        }
        if (!file.secrets_.emplace(*user, *secret).second) {
            problems.push_back({number, "user \"" + *user + "\" is listed twice; keep one line"});
        }
    }
    return file;
}

}  // namespace pgsidecar::proxy
