#include "audit/spool_mark.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <string_view>

#include "audit/spool_checksum.hpp"

namespace pgsidecar::audit {
namespace {

constexpr std::string_view kMagic = "pgsmark1";
constexpr std::size_t kIdBytes = 36;
constexpr std::size_t kNumbers = 6;
constexpr std::size_t kBytes =
    kMagic.size() + kIdBytes + kNumbers * sizeof(std::uint64_t) + sizeof(std::uint32_t);
using Image = std::array<char, kBytes>;

using Numbers = std::array<std::uint64_t, kNumbers>;

Image image_of(const SpoolMarkContent& content) {
    const auto& state = content.state;
    const Numbers numbers{state.changes, state.last_sequence, state.waiting,
                          state.dead,    state.last_record,   state.record_rows};
    Image image{};
    char* at = image.data();
    std::memcpy(at, kMagic.data(), kMagic.size());
    at += kMagic.size();
    std::memcpy(at, content.id.data(), std::min(content.id.size(), kIdBytes));
    at += kIdBytes;
    std::memcpy(at, numbers.data(), sizeof numbers);
    at += sizeof numbers;
    const std::uint32_t checksum =
        crc32c({image.data(), static_cast<std::size_t>(at - image.data())});
    std::memcpy(at, &checksum, sizeof checksum);
    return image;
}

}  // namespace

SpoolMark::~SpoolMark() {
    if (file_ >= 0) ::close(file_);
}

std::optional<SpoolMarkContent> SpoolMark::read(const std::string& path) {
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) return std::nullopt;
    Image image{};
    const auto got = ::pread(file, image.data(), image.size(), 0);
    ::close(file);
    if (got != static_cast<ssize_t>(image.size()) ||
        !std::string_view(image.data(), image.size()).starts_with(kMagic))
        return std::nullopt;
    SpoolMarkContent content;
    content.id.assign(image.data() + kMagic.size(), kIdBytes);
    Numbers numbers{};
    std::memcpy(numbers.data(), image.data() + kMagic.size() + kIdBytes, sizeof numbers);
    content.state = {numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], numbers[5]};
    if (image_of(content) != image) return std::nullopt;
    return content;
}

bool SpoolMark::open(const std::string& path) {
    if (file_ >= 0) ::close(file_);
    file_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file_ < 0) return false;
    if (::lseek(file_, 0, SEEK_END) >= static_cast<off_t>(kBytes)) return true;
    const Image zeros{};
    return ::pwrite(file_, zeros.data(), zeros.size(), 0) == static_cast<ssize_t>(zeros.size()) &&
           ::fsync(file_) == 0;
}

bool SpoolMark::write(const SpoolMarkContent& content) {
    const Image image = image_of(content);
    return file_ >= 0 &&
           ::pwrite(file_, image.data(), image.size(), 0) == static_cast<ssize_t>(image.size());
}

}  // namespace pgsidecar::audit
