#include "audit/spool_connection.hpp"

#include <sqlite3.h>

#include <cerrno>
#include <system_error>

namespace pgsidecar::audit {
namespace {

constexpr int kBusyTimeoutMs = 1'000;

bool lacks_room(int system_error) { return system_error == ENOSPC || system_error == EDQUOT; }

SpoolFailure kind_of(int extended_code, int system_error) {
    const bool synced =
        extended_code == SQLITE_IOERR_FSYNC || extended_code == SQLITE_IOERR_DIR_FSYNC;
    switch (extended_code & 0xff) {
        case SQLITE_FULL: return SpoolFailure::DiskFull;
        case SQLITE_BUSY:
        case SQLITE_LOCKED: return SpoolFailure::Busy;
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB: return SpoolFailure::Corrupt;
        case SQLITE_IOERR:
            // SQLite knows ENOSPC when it writes, but not a quota, nor ENOSPC in its shared memory.
            return !synced && lacks_room(system_error) ? SpoolFailure::DiskFull : SpoolFailure::Io;
        default: return SpoolFailure::Io;
    }
}

/// SQLite forgets the system's error of a failed COMMIT; its files still know it.
int last_error_of_files(sqlite3* handle) {
    int error = 0;
    if (sqlite3_file_control(handle, "main", SQLITE_FCNTL_LAST_ERRNO, &error) == SQLITE_OK &&
        error != 0)
        return error;
    sqlite3_file* log = nullptr;
    if (sqlite3_file_control(handle, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log) != SQLITE_OK ||
        log == nullptr || log->pMethods == nullptr)
        return 0;
    const int code = log->pMethods->xFileControl(log, SQLITE_FCNTL_LAST_ERRNO, &error);
    return code == SQLITE_OK ? error : 0;
}

}  // namespace

SpoolConnection::~SpoolConnection() { close(); }

bool SpoolConnection::open(const std::string& path, Mode mode, const std::string& vfs) {
    close();
    clear_failure();
    const int flags = (mode == Mode::ReadOnly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE) |
                      SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    const int code =
        sqlite3_open_v2(path.c_str(), &handle_, flags, vfs.empty() ? nullptr : vfs.c_str());
    if (code != SQLITE_OK) {
        note(code);
        sqlite3_close(handle_);
        handle_ = nullptr;
        return false;
    }
    sqlite3_busy_timeout(handle_, kBusyTimeoutMs);
    allow_checkpoint_on_close(false);
    sqlite3_wal_hook(
        handle_,
        [](void* self, sqlite3*, const char*, int pages) {
            static_cast<SpoolConnection*>(self)->log_pages_ = pages;
            return SQLITE_OK;
        },
        this);
    return true;
}

void SpoolConnection::close() {
    if (handle_ != nullptr) sqlite3_close(handle_);
    handle_ = nullptr;
    log_pages_ = 0;
}

void SpoolConnection::allow_checkpoint_on_close(bool allow) {
    sqlite3_db_config(handle_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, allow ? 0 : 1, nullptr);
}

bool SpoolConnection::run(const char* sql) {
    const int code = sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) note(code);
    return code == SQLITE_OK;
}

bool SpoolConnection::checkpoint(bool truncate) {
    int left = 0;
    int copied = 0;
    const int code = sqlite3_wal_checkpoint_v2(
        handle_, nullptr, truncate ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE, &left,
        &copied);
    if (code == SQLITE_OK && copied >= left) log_pages_ = 0;
    if (code != SQLITE_OK) note(code);
    return code == SQLITE_OK;
}

void SpoolConnection::clear_failure() {
    failure_ = SpoolFailure::None;
    failure_text_.clear();
    wants_room_ = false;
}

void SpoolConnection::note(int code) {
    if (failure_ != SpoolFailure::None) return;
    const bool of_the_system = (code & 0xff) == SQLITE_IOERR || (code & 0xff) == SQLITE_CANTOPEN;
    int system_error = handle_ == nullptr ? 0 : sqlite3_system_errno(handle_);
    if (handle_ != nullptr && of_the_system && system_error == 0)
        system_error = last_error_of_files(handle_);
    failure_ = kind_of(code, system_error);
    failure_text_ = sqlite3_errstr(code);
    wants_room_ = (code & 0xff) == SQLITE_FULL || (of_the_system && lacks_room(system_error));
    if (of_the_system && system_error != 0)
        failure_text_ += " (" + std::generic_category().message(system_error) + ")";
}

}  // namespace pgsidecar::audit
