#include "app/handover_wire.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <vector>

namespace pgsidecar::app {

namespace {

constexpr std::string_view kSocketsWord = "SOCKETS ";
constexpr std::string_view kCancelWord = "CANCEL ";
constexpr std::string_view kLetters = "cuhp";
constexpr std::size_t kMostSockets = kLetters.size();

int* slot_of(base::ListeningSockets& sockets, char letter) {
    switch (letter) {
        case 'c': return &sockets.clients;
        case 'u': return &sockets.clients_unix;
        case 'h': return &sockets.http;
        case 'p': return &sockets.probes;
        default: return nullptr;
    }
}

bool readable(int fd, std::chrono::steady_clock::time_point deadline) {
    for (;;) {
        auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
            deadline - std::chrono::steady_clock::now());
        if (left.count() <= 0) return false;
        pollfd one{fd, POLLIN, 0};
        int ready = ::poll(&one, 1, static_cast<int>(left.count()));
        if (ready > 0) return true;
        if (ready < 0 && errno != EINTR) return false;
    }
}

std::vector<int> descriptors_in(msghdr& message) {
    std::vector<int> out;
    for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr;
         part = CMSG_NXTHDR(&message, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
        std::size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (std::size_t i = 0; i < count; ++i) {
            int fd = -1;
            std::memcpy(&fd, CMSG_DATA(part) + i * sizeof fd, sizeof fd);
            out.push_back(fd);
        }
    }
    return out;
}

}  // namespace

bool send_sockets(int fd, const base::ListeningSockets& given) {
    base::ListeningSockets sockets = given;
    std::string line(kSocketsWord);
    std::vector<int> descriptors;
    for (char letter : kLetters) {
        int one = *slot_of(sockets, letter);
        if (one < 0) continue;
        line += letter;
        descriptors.push_back(one);
    }
    line += '\n';
    if (descriptors.empty()) return false;
    alignas(cmsghdr) std::array<char, CMSG_SPACE(kMostSockets * sizeof(int))> control{};
    iovec text{line.data(), line.size()};
    msghdr message{};
    message.msg_iov = &text;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = CMSG_SPACE(descriptors.size() * sizeof(int));
    cmsghdr* part = CMSG_FIRSTHDR(&message);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(descriptors.size() * sizeof(int));
    std::memcpy(CMSG_DATA(part), descriptors.data(), descriptors.size() * sizeof(int));
    return ::sendmsg(fd, &message, MSG_NOSIGNAL) == static_cast<ssize_t>(line.size());
}

bool receive_sockets(int fd, std::chrono::milliseconds patience, base::ListeningSockets& sockets) {
    if (!readable(fd, std::chrono::steady_clock::now() + patience)) return false;
    std::array<char, kLongestHandoverLine> text{};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(kMostSockets * sizeof(int))> control{};
    iovec space{text.data(), text.size()};
    msghdr message{};
    message.msg_iov = &space;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    ssize_t got = ::recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
    std::vector<int> descriptors = got > 0 ? descriptors_in(message) : std::vector<int>();
    std::string_view line(text.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
    bool good = line.starts_with(kSocketsWord) && line.ends_with('\n') && !descriptors.empty() &&
                line.size() == kSocketsWord.size() + descriptors.size() + 1;
    for (std::size_t i = 0; i < descriptors.size(); ++i) {
        int* slot = good ? slot_of(sockets, line[kSocketsWord.size() + i]) : nullptr;
        if (slot == nullptr || *slot >= 0) {
            good = false;
            ::close(descriptors[i]);
        } else {
            *slot = descriptors[i];
        }
    }
    return good;
}

std::string cancel_line(std::int32_t pid, std::uint32_t key) {
    return std::string(kCancelWord) + std::to_string(pid) + " " + std::to_string(key) + "\n";
}

std::optional<std::pair<std::int32_t, std::uint32_t>> parse_cancel_line(std::string_view line) {
    if (!line.starts_with(kCancelWord) || !line.ends_with('\n')) return std::nullopt;
    std::pair<std::int32_t, std::uint32_t> out;
    const char* end = line.data() + line.size() - 1;
    auto pid = std::from_chars(line.data() + kCancelWord.size(), end, out.first);
    if (pid.ec != std::errc{} || pid.ptr == end || *pid.ptr != ' ') return std::nullopt;
    auto key = std::from_chars(pid.ptr + 1, end, out.second);
    if (key.ec != std::errc{} || key.ptr != end) return std::nullopt;
    return out;
}

bool send_line(int fd, std::string_view line) {
    return ::send(fd, line.data(), line.size(), MSG_NOSIGNAL | MSG_DONTWAIT) ==
           static_cast<ssize_t>(line.size());
}

std::string receive_line(int fd, std::chrono::milliseconds patience) {
    auto deadline = std::chrono::steady_clock::now() + patience;
    std::string line;
    while (line.size() < kLongestHandoverLine && readable(fd, deadline)) {
        char one = 0;
        if (::recv(fd, &one, 1, 0) != 1) return {};
        line += one;
        if (one == '\n') return line;
    }
    return {};
}

}  // namespace pgsidecar::app
