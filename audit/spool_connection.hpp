#pragma once

#include <cstdint>
#include <string>

struct sqlite3;

namespace pgsidecar::audit {

/// What a failure means for what comes next.
enum class SpoolFailure : std::uint8_t {
    None,
    DiskFull,  ///< roll back and go on when there is room
    Busy,      ///< another program holds the file's lock
    Corrupt,   ///< the file's content is broken
    Io,        ///< fsync, write, permission: this handle must not be used again
};

/// One connection to the spool's SQLite file.
///
/// A failure of this class or of one of its SpoolQueries is kept until clear_failure(); a
/// transaction is good when none is. Thread: one at a time.
class SpoolConnection {
public:
    enum class Mode : std::uint8_t { ReadWrite, ReadOnly };

    SpoolConnection() = default;
    ~SpoolConnection();
    SpoolConnection(const SpoolConnection&) = delete;
    SpoolConnection& operator=(const SpoolConnection&) = delete;

    /// The file must exist. vfs: a registered file layer of SQLite; empty: the usual one. Until
    /// allow_checkpoint_on_close() nothing that was not asked for is written.
    bool open(const std::string& path, Mode mode, const std::string& vfs);
    void close();
    /// Puts the write-ahead log into the file when the last connection closes.
    void allow_checkpoint_on_close(bool allow);

    bool run(const char* sql);  ///< any number of statements, their rows ignored
    /// Copies committed pages from the write-ahead log into the file, as far as no reader is in the
    /// way. truncate: waits for readers and empties the log's file.
    bool checkpoint(bool truncate);
    /// Pages in the write-ahead log after the last commit.
    int log_pages() const { return log_pages_; }

    SpoolFailure failure() const { return failure_; }
    /// "disk I/O error (Input/output error)"; empty: no failure.
    const std::string& failure_text() const { return failure_text_; }
    /// True when the failure's cause is a full disk or quota, whatever became of the file.
    bool wants_room() const { return wants_room_; }
    void clear_failure();
    /// For SpoolQuery: keeps the first failure.
    void note(int code);
    sqlite3* handle() const { return handle_; }

private:
    sqlite3* handle_ = nullptr;
    int log_pages_ = 0;
    SpoolFailure failure_ = SpoolFailure::None;
    std::string failure_text_;
    bool wants_room_ = false;
};

}  // namespace pgsidecar::audit
