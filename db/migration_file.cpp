#include "db/migration_file.hpp"

#include <algorithm>
#include <charconv>

#include "db/migration_checksum.hpp"
#include "db/migration_script.hpp"
#include "model/json_object.hpp"

namespace pgsidecar::db {
namespace {

constexpr std::string_view kSuffix = ".sql";
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
constexpr std::size_t kMinDigits = 3;
constexpr std::size_t kMaxDigits = 9;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_name(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-';
}

bool parse_name(std::string_view file_name, MigrationFile& file) {
    if (!file_name.ends_with(kSuffix)) return false;
    file_name.remove_suffix(kSuffix.size());
    const auto underscore = file_name.find('_');
    if (underscore == std::string_view::npos || underscore < kMinDigits) return false;
    file.digits = file_name.substr(0, underscore);
    file.name = file_name.substr(underscore + 1);
    return !file.name.empty() && std::all_of(file.name.begin(), file.name.end(), is_name) &&
           parse_migration_version(file.digits, file.version);
}

/// Without byte order mark, with \n at the ends of lines: an editor's habits are no change.
std::string normalised(std::string_view bytes) {
    if (bytes.starts_with(kByteOrderMark)) bytes.remove_prefix(kByteOrderMark.size());
    std::string out;
    out.reserve(bytes.size());
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        const bool pair = bytes[i] == '\r' && i + 1 < bytes.size() && bytes[i + 1] == '\n';
        if (!pair) out += bytes[i] == '\r' ? '\n' : bytes[i];
    }
    return out;
}

std::string_view trimmed(std::string_view text) {
    const auto begin = text.find_first_not_of(" \t");
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

/// The word behind `-- pgsidecar:` in the comments before the first statement; empty: none.
std::string_view directive(std::string_view text) {
    constexpr std::string_view kMark = "pgsidecar:";
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        auto line = trimmed(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
        if (line.empty()) continue;
        if (!line.starts_with("--")) return {};
        line = trimmed(line.substr(2));
        if (line.starts_with(kMark)) return trimmed(line.substr(kMark.size()));
    }
    return {};
}

std::string encoding_mistake(std::string_view bytes) {
    if (bytes.starts_with("\xff\xfe") || bytes.starts_with("\xfe\xff")) {
        return "is written in UTF-16. Save it as UTF-8.";
    }
    if (bytes.find('\0') != std::string_view::npos) {
        return "holds a zero byte. Save it as a text in UTF-8.";
    }
    if (model::valid_utf8(bytes) != bytes) return "is not valid UTF-8. Save it as UTF-8.";
    return {};
}

}  // namespace

bool parse_migration_version(std::string_view digits, int& version) {
    if (digits.empty() || !std::all_of(digits.begin(), digits.end(), is_digit)) return false;
    const auto zeros = std::min(digits.find_first_not_of('0'), digits.size() - 1);
    const auto number = digits.substr(zeros);
    if (number.size() > kMaxDigits) return false;
    return std::from_chars(number.data(), number.data() + number.size(), version).ec == std::errc();
}

std::variant<MigrationFile, MigrationProblem> parse_migration(std::string_view file_name,
                                                              std::string path,
                                                              std::string_view bytes) {
    MigrationFile file;
    const auto refused = [&](std::string sentence, int line = 0) {
        const std::string where = line > 0 ? path + ":" + std::to_string(line) : path;
        return MigrationProblem{MigrationProblem::Kind::Refused, where, std::move(sentence),
                                file.version};
    };
    if (!parse_name(file_name, file)) {
        return refused(
            "the name is not NNN_name.sql (three or more digits, an underscore, then letters, "
            "digits, _ or -). Rename it, or give it another ending when it is no migration.");
    }
    if (file.version == 0) return refused("there is no migration 0. Number them from 001.");
    if (auto mistake = encoding_mistake(bytes); !mistake.empty()) return refused(mistake);
    file.path = std::move(path);
    path = file.path;
    file.text = normalised(bytes);
    file.checksum = migration_checksum(file.text);
    if (const auto word = directive(file.text); word == "no-transaction") {
        file.in_transaction = false;
    } else if (!word.empty()) {
        return refused(
            "the line '-- pgsidecar: ...' asks for what is not known. Write "
            "'-- pgsidecar: no-transaction' or take the line out.");
    }
    const auto script = split_statements(file.text);
    if (!script.problem.empty()) {
        return refused(script.problem + ". Correct the file.", script.problem_line);
    }
    if (script.statements.empty()) {
        return refused("holds no statement. Write one, or delete the file.");
    }
    file.statements = script.statements.size();
    return file;
}

const MigrationFile* MigrationSet::find(int version) const {
    const auto found = std::find_if(files.begin(), files.end(), [&](const MigrationFile& file) {
        return file.version == version;
    });
    return found == files.end() ? nullptr : &*found;
}

void complete(MigrationSet& set) {
    std::sort(set.files.begin(), set.files.end(), [](const auto& a, const auto& b) {
        return a.version != b.version ? a.version < b.version : a.path < b.path;
    });
    const auto refuse = [&](const MigrationFile& file, std::string sentence) {
        set.problems.push_back(
            {MigrationProblem::Kind::Refused, file.path, std::move(sentence), file.version});
    };
    int last = 0;
    std::string last_file;
    for (const auto& file : set.files) {
        if (file.version == last) {
            refuse(file, "has the number of " + last_file +
                             ". Give the one that was written later the next free number.");
        } else if (file.version != last + 1) {
            // A file that is there but cannot be used has been named already.
            const bool known = std::any_of(
                set.problems.begin(), set.problems.end(),
                [&](const auto& problem) { return problem.version == file.version - 1; });
            if (!known) {
                refuse(file, "there is no file with the number before (" +
                                 std::to_string(file.version - 1) +
                                 "). Numbers begin with 001 and leave none out: add the missing "
                                 "file or renumber.");
            }
        }
        last = file.version;
        last_file = file.file_name();
    }
}

}  // namespace pgsidecar::db
