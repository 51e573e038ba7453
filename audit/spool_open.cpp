#include "audit/spool_open.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include "audit/spool_schema.hpp"
#include "base/ids.hpp"
#include "base/random.hpp"

namespace pgsidecar::audit {
namespace {

/// Kept after a checkpoint, so that the next commits overwrite instead of extending the log.
constexpr const char* kAfterCheck = R"(
PRAGMA synchronous = FULL;
PRAGMA journal_size_limit = 4194304;
PRAGMA cache_size = -16384;
PRAGMA temp_store = MEMORY;
PRAGMA secure_delete = FAST;
DELETE FROM commands;
)";

std::string errno_text() { return std::generic_category().message(errno); }

std::int64_t size_of(const std::string& path) {
    struct stat found {};
    return ::stat(path.c_str(), &found) == 0 ? static_cast<std::int64_t>(found.st_size) : -1;
}

bool sync_folder(const std::string& folder) {
    const int file = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (file < 0) return false;
    const bool synced = ::fsync(file) == 0;
    ::close(file);
    return synced;
}

std::string advice(const std::string& folder) {
    return ": nothing was changed; 'pgsidecar spool export --dir " + folder +
           "' prints what can still be read of it, and once the folder is moved away the sidecar "
           "begins a new spool.";
}

/// A spool whose file is gone or empty while something says that there was one.
std::string missing_problem(const SpoolPaths& paths, const std::optional<SpoolMarkContent>& mark) {
    const bool empty = size_of(paths.database) == 0;
    const std::string what = "The spool " + paths.database + (empty ? " is empty" : " is missing");
    if (mark && mark->holds_anything())
        return what + ", but " + std::to_string(mark->state.waiting) + " queued writes, " +
               std::to_string(mark->state.dead) + " dead letters and " +
               std::to_string(mark->state.record_rows) + " rows of records were acknowledged in it";
    if (size_of(paths.log) > 0) return what + ", but its log " + paths.log + " is there";
    return {};
}

base::Now now_of(const Spool::Options& options) {
    return options.clock ? options.clock() : base::read_clocks();
}

std::string new_id(const Spool::Options& options) {
    base::SystemEntropy entropy;
    return base::UuidSource(entropy).next(now_of(options).wall_us).to_string();
}

/// An empty file, readable by its user alone. A sentence on failure.
std::string make_file(const Spool::Options& options, const SpoolPaths& paths) {
    const int file = ::open(paths.database.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0)
        return "The spool " + paths.database + " cannot be made (" + errno_text() +
               "): give this user the folder, or name another one with outage.spool_dir.";
    ::close(file);
    sync_folder(options.folder);
    return {};
}

/// Carries out what a checked file needs before it is used. A sentence on failure.
std::string prepare(SpoolConnection& connection, const SpoolPaths& paths, bool after_failure) {
    connection.clear_failure();
    const auto version = spool_identity(connection).version;
    bool ready = connection.run("PRAGMA journal_mode = WAL") &&
                 upgrade_spool_tables(connection, version) && connection.run(kAfterCheck);
    // A log whose last sync failed must not be continued: what the system takes for written may not
    // be on the disk. Emptied, it begins anew.
    if (ready && !connection.checkpoint(true)) {
        ready = connection.failure() == SpoolFailure::Busy && !after_failure;
        if (ready) connection.clear_failure();
    }
    if (ready) return {};
    return "The spool " + paths.database + " cannot be written (" + connection.failure_text() +
           "): see to the disk and its permissions, or name another folder with "
           "outage.spool_dir.";
}

/// A sentence on failure. The note of it is gone for good before anything is acknowledged again,
/// or a later start would take that back, too.
std::string take_back(const Spool::Options& options, const SpoolPaths& paths,
                      const std::optional<SpoolMarkContent>& mark, SpoolFile& file) {
    const auto to = SpoolMark::read(paths.take_back);
    const bool of_this = to && to->id == file.id();
    const bool overtaken = mark && to && mark->state.last_sequence > to->state.last_sequence;
    const auto failed = [&](const std::string& why) {
        return "What the failed commit of the spool " + paths.database +
               " left cannot be taken back (" + why + "): see to the disk and its permissions.";
    };
    if (of_this && !overtaken &&
        (!file.begin() || !file.forget_after(to->state.last_sequence, to->state.last_record) ||
         !file.commit()))
        return failed(file.connection().failure_text());
    if (size_of(paths.take_back) < 0) return {};
    if (::unlink(paths.take_back.c_str()) != 0 || !sync_folder(options.folder))
        return failed(errno_text());
    return {};
}

/// The report of an existing file; makes its tables when a start was interrupted before.
SpoolReport check_existing(SpoolConnection& connection, const Spool::Options& options,
                           const std::optional<SpoolMarkContent>& mark) {
    const auto identity = spool_identity(connection);
    if (connection.failure() == SpoolFailure::None && identity.is_new()) {
        SpoolReport report;
        if (mark && mark->holds_anything()) {
            report.problem = "has lost its tables, and with them " +
                             std::to_string(mark->state.waiting) + " acknowledged writes";
            return report;
        }
        if (!make_spool_tables(connection, new_id(options), now_of(options).wall_us)) {
            report.problem = "cannot be made: " + connection.failure_text();
            return report;
        }
    }
    const bool made = identity.is_new();
    SpoolContexts contexts(connection);
    connection.clear_failure();  // a file that is none of ours has no table of them
    return check_spool(connection, contexts, made ? std::nullopt : mark);
}

void open_existing(const Spool::Options& options, const SpoolPaths& paths, bool after_failure,
                   const std::optional<SpoolMarkContent>& mark, OpenedSpool& out) {
    auto connection = std::make_unique<SpoolConnection>();
    if (!connection->open(paths.database, SpoolConnection::Mode::ReadWrite, options.vfs)) {
        out.problem = "The spool " + paths.database + " cannot be opened (" +
                      connection->failure_text() + ")" + advice(options.folder);
        return;
    }
    SpoolReport report = check_existing(*connection, options, mark);
    if (!report.problem.empty()) {
        out.problem = "The spool " + paths.database + " " + report.problem + advice(options.folder);
        return;
    }
    out.problem = prepare(*connection, paths, after_failure);
    if (!out.problem.empty()) return;
    auto file_mark = std::make_unique<SpoolMark>();
    if (!file_mark->open(paths.mark) || !file_mark->write({report.id, report.counts.state})) {
        out.problem = "The file " + paths.mark +
                      " beside the spool cannot be written: see to the disk and its permissions.";
        return;
    }
    connection->allow_checkpoint_on_close(true);
    out.last_of_table = std::move(report.last_of_table);
    out.damaged = std::move(report.damaged);
    out.damaged_records = std::move(report.damaged_records);
    out.file =
        std::make_unique<SpoolFile>(std::move(connection), std::move(file_mark), std::move(report));
    out.problem = take_back(options, paths, mark, *out.file);
    if (!out.problem.empty()) out.file.reset();
}

}  // namespace

std::string make_spool_folder(const std::string& folder) {
    std::error_code error;
    std::filesystem::path made;
    for (const auto& part : std::filesystem::path(folder)) {
        made /= part;
        if (std::filesystem::exists(made, error)) continue;
        if (::mkdir(made.c_str(), 0700) != 0 && errno != EEXIST) break;
        sync_folder(made.parent_path().empty() ? "." : made.parent_path().string());
    }
    const int failure = errno;
    if (std::filesystem::is_directory(folder, error)) return {};
    return "The folder " + folder + " of the spool cannot be made (" +
           std::generic_category().message(failure) +
           "): make it for this user, or name another one with outage.spool_dir.";
}

OpenedSpool open_spool_file(const Spool::Options& options, bool after_failure) {
    const SpoolPaths paths(options.folder);
    const auto mark = SpoolMark::read(paths.mark);
    OpenedSpool out;
    if (size_of(paths.database) <= 0) {
        out.problem = missing_problem(paths, mark);
        if (out.problem.empty() && after_failure)
            out.problem = "The spool " + paths.database + " is gone";
        if (!out.problem.empty()) {
            out.problem += advice(options.folder);
            return out;
        }
        out.problem = make_file(options, paths);
        if (!out.problem.empty()) return out;
    }
    open_existing(options, paths, after_failure, mark, out);
    return out;
}

}  // namespace pgsidecar::audit
