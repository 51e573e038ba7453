#include "db/migration_source.hpp"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include "config/file_reader.hpp"
#include "model/json_object.hpp"

namespace pgsidecar::db {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kBuiltIn = "built in";

void add(MigrationSet& set, std::variant<MigrationFile, MigrationProblem> parsed) {
    if (auto* file = std::get_if<MigrationFile>(&parsed)) {
        set.files.push_back(std::move(*file));
    } else {
        set.problems.push_back(std::get<MigrationProblem>(std::move(parsed)));
    }
}

void add_unreadable(MigrationSet& set, std::string path, const std::error_code& why,
                    std::string_view file_name = {}) {
    std::string sentence =
        "cannot be read: " + why.message() + ". Check the path and that this user may read it.";
    if (why == std::errc::file_too_large) {
        sentence = "is larger than " + std::to_string(config::kMaxFileBytes) +
                   " bytes. Split it into several migrations.";
    }
    int version = 0;
    parse_migration_version(file_name.substr(0, file_name.find('_')), version);
    set.problems.push_back(
        {MigrationProblem::Kind::Unreadable, std::move(path), std::move(sentence), version});
}

/// Hidden files are editors' and a mounted ConfigMap's own.
bool counts(std::string_view name) {
    constexpr std::size_t kEnding = 4;
    if (name.starts_with('.') || name.size() < kEnding) return false;
    std::string ending(name.substr(name.size() - kEnding));
    for (char& c : ending) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    return ending == ".sql";
}

std::vector<std::string> names_in(const std::string& folder, std::error_code& error) {
    std::vector<std::string> names;
    fs::directory_iterator at(folder, error);
    while (!error && at != fs::directory_iterator()) {
        auto name = at->path().filename().string();
        if (counts(name)) names.push_back(std::move(name));
        at.increment(error);
    }
    std::sort(names.begin(), names.end());
    return names;
}

}  // namespace

MigrationSet built_in_migrations() {
    MigrationSet set;
    set.origin = kBuiltIn;
    for (const auto& file : embedded_migrations()) {
        add(set, parse_migration(file.file_name, std::string(file.file_name), file.bytes));
    }
    complete(set);
    return set;
}

MigrationSet read_migrations(const std::string& folder) {
    MigrationSet set;
    set.origin = folder;
    std::error_code error;
    const auto names = names_in(folder, error);
    if (error) add_unreadable(set, folder, error);
    for (const auto& name : names) {
        const auto path = (fs::path(folder) / name).string();
        auto bytes = config::read_file(path);
        const auto shown = model::valid_utf8(path);
        if (!bytes) {
            add_unreadable(set, shown, bytes.error(), name);
        } else {
            add(set, parse_migration(name, shown, *bytes));
        }
    }
    if (names.empty() && !error) {
        set.problems.push_back({MigrationProblem::Kind::Refused, folder,
                                "holds no file NNN_name.sql. Name the folder with the migrations "
                                "by --dir, or leave --dir out for those that are built in.",
                                0});
    }
    complete(set);
    return set;
}

}  // namespace pgsidecar::db
