#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/listening_sockets.hpp"

namespace pgsidecar::app {

// What the old and the new process of an upgrade say to each other: short lines.
inline constexpr std::string_view kTakeoverLine = "TAKEOVER 1\n";
inline constexpr std::string_view kReadyLine = "READY\n";
inline constexpr std::string_view kDoneLine = "DONE\n";
inline constexpr std::size_t kLongestHandoverLine = 64;

/// Sends "SOCKETS cuhp" with the descriptors, a letter for each that there is. False: not all.
bool send_sockets(int fd, const base::ListeningSockets& sockets);
/// Receives them, ours from then on. False: something else came, or nothing in time.
bool receive_sockets(int fd, std::chrono::milliseconds patience, base::ListeningSockets& sockets);
/// "CANCEL pid key", both in decimal.
std::string cancel_line(std::int32_t pid, std::uint32_t key);
std::optional<std::pair<std::int32_t, std::uint32_t>> parse_cancel_line(std::string_view line);
/// Without waiting for room.
bool send_line(int fd, std::string_view line);
/// Reads one line with its end; empty when it does not come in time.
std::string receive_line(int fd, std::chrono::milliseconds patience);

}  // namespace pgsidecar::app
