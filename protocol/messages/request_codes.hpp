#pragma once

#include <cstddef>
#include <cstdint>

/// Numbers of the untyped first packets (manual, "Message Formats").
namespace pgsidecar::protocol {

/// Version 3.0 in one number, as in StartupMessage and NegotiateProtocolVersion.
inline constexpr std::int32_t kProtocol30 = 3 << 16;

inline constexpr std::int32_t kCancelRequestCode = (1234 << 16) | 5678;
inline constexpr std::int32_t kSslRequestCode = (1234 << 16) | 5679;
inline constexpr std::int32_t kGssEncRequestCode = (1234 << 16) | 5680;

/// Bytes of a cancel key: exactly 4 in protocol 3.0, up to 256 from 3.2 on.
inline constexpr std::size_t kMinCancelKey = 4;
inline constexpr std::size_t kMaxCancelKey = 256;

}  // namespace pgsidecar::protocol
