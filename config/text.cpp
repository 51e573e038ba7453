#include "config/text.hpp"

#include <algorithm>
#include <numeric>

#include "model/json_object.hpp"

namespace pgsidecar::config {
namespace {

constexpr std::size_t kQuotedBytes = 40;
constexpr std::size_t kLongestWord = 64;

/// Levenshtein's distance, with two neighbours swapped counting as one edit.
std::size_t edits(std::string_view a, std::string_view b) {
    std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
    std::iota(last.begin(), last.end(), std::size_t{0});
    for (std::size_t i = 1; i <= a.size(); ++i) {
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t change = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
            row[j] = std::min({last[j] + 1, row[j - 1] + 1, change});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                row[j] = std::min(row[j], before[j - 2] + 1);
            }
        }
        before = last;
        last = row;
    }
    return last[b.size()];
}

}  // namespace

std::string in_quotes(std::string_view text) {
    std::string out = model::valid_utf8(text.substr(0, kQuotedBytes));
    std::replace_if(out.begin(), out.end(), is_control, '?');
    return "'" + out + (text.size() > kQuotedBytes ? "...'" : "'");
}

std::string joined_with_or(std::span<const std::string_view> words) {
    std::string out;
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (i > 0) out += i + 1 == words.size() ? " or " : ", ";
        out += words[i];
    }
    return out;
}

std::string_view nearest(std::string_view word, std::span<const std::string> known) {
    if (word.size() > kLongestWord) return {};
    std::string_view best;
    std::size_t fewest = std::max<std::size_t>(word.size() / 3, 1) + 1;
    for (const auto& candidate : known) {
        const std::size_t count = edits(word, candidate);
        if (count >= fewest) continue;
        fewest = count;
        best = candidate;
    }
    return best;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    for (;;) {
        const auto end = text.find(separator);
        parts.push_back(text.substr(0, end));
        if (end == std::string_view::npos) return parts;
        text.remove_prefix(end + 1);
    }
}

}  // namespace pgsidecar::config
