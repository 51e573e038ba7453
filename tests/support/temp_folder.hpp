#pragma once

#include <optional>
#include <string>

#include "tests/support/child_process.hpp"

namespace pgsidecar::test {

/// A new folder under $TMPDIR or /tmp, removed by the destructor; when the test dies first, a small
/// shell that waits on a pipe removes it.
class TempFolder {
public:
    /// `owner`: whom the folder belongs to, for programs that run as somebody else.
    explicit TempFolder(std::optional<Identity> owner = std::nullopt);
    ~TempFolder();
    TempFolder(const TempFolder&) = delete;
    TempFolder& operator=(const TempFolder&) = delete;

    const std::string& path() const { return path_; }
    /// Writes a file into the folder and returns its path.
    std::string write(const std::string& name, const std::string& content) const;

private:
    void start_guardian();

    std::string path_;
    int guardian_pipe_ = -1;  ///< its write end; the guardian acts when the last copy closes
    pid_t guardian_ = -1;
};

/// The last `lines` lines of a file, for failure messages.
std::string tail(const std::string& path, std::size_t lines = 40);
std::string read_file(const std::string& path);

}  // namespace pgsidecar::test
