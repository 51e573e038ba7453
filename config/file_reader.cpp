#include "config/file_reader.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

namespace pgsidecar::config {
namespace {

std::error_code last_error() { return {errno, std::generic_category()}; }

/// Closes the descriptor at the end of the scope.
class OpenFile {
public:
    explicit OpenFile(const std::string& path)
        : descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}
    OpenFile(const OpenFile&) = delete;
    OpenFile& operator=(const OpenFile&) = delete;
    ~OpenFile() {
        if (descriptor_ >= 0) ::close(descriptor_);
    }
    int get() const { return descriptor_; }

private:
    int descriptor_;
};

}  // namespace

base::Result<std::string> read_file(const std::string& path) {
    const OpenFile file(path);
    if (file.get() < 0) return last_error();
    std::string text;
    std::array<char, 16'384> part{};
    for (;;) {
        const ssize_t count = ::read(file.get(), part.data(), part.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return last_error();
        if (count == 0) return text;
        text.append(part.data(), static_cast<std::size_t>(count));
        if (text.size() > kMaxFileBytes) return std::make_error_code(std::errc::file_too_large);
    }
}

}  // namespace pgsidecar::config
