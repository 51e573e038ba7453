#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"

/// The first, untyped packet of a connection (manual, "Start-up" and "Message Formats").
///
/// Views point into the bytes given to parse_startup().
namespace pgsidecar::protocol {

struct StartupLimits {
    /// Of the whole packet, its length word included. PostgreSQL allows 10,004.
    std::size_t max_length = 10'000;
};

/// Bytes are missing; call again when `StartupPacket::length` bytes are there.
struct NeedBytes {};

struct SslRequest {};
struct GssEncRequest {};

struct CancelRequest {
    std::int32_t pid;
    base::Bytes secret;  ///< 4 to 256 bytes; protocol 3.2 allows more than 4.
};

/// A request for a session.
struct StartupMessage {
    using Parameter = std::pair<std::string_view, std::string_view>;

    std::uint16_t minor_version;  ///< Of protocol 3.
    /// In the order given, "user" and duplicates included, without _pq_. options. Where a name
    /// comes twice the last one counts, which is what applying them in order gives.
    std::vector<Parameter> parameters;
    /// Names that begin with _pq_., none of which we know.
    std::vector<std::string_view> unknown_options;

    /// The last value given under this name, compared as PostgreSQL does, case and all.
    std::optional<std::string_view> find(std::string_view name) const;
    /// Never empty.
    std::string_view user() const { return *find("user"); }
    /// The user's name where none is given, as in PostgreSQL.
    std::string_view database() const;
    /// Whether to send NegotiateProtocolVersion(3.0, unknown_options) before anything else.
    bool needs_negotiation() const { return minor_version > 0 || !unknown_options.empty(); }
};

struct StartupPacket {
    /// Bytes the packet takes, its length word included; for NeedBytes, bytes that must be there
    /// before the next call. Bytes behind it belong to whatever comes next.
    std::size_t length;
    std::variant<NeedBytes, StartupMessage, SslRequest, GssEncRequest, CancelRequest> body;
};

/// Reads the packet at the front of `bytes`. The length is judged as soon as four bytes are there,
/// so a caller never needs memory for more than `limits.max_length`.
///
/// Errors: InvalidLength, StartupTooLong, StartupLooksLikeHttp, StartupLooksLikeTls, StartupLayout,
/// UnsupportedProtocolVersion, MissingUser, CancelKeyLength. sqlstate_of() gives the code to answer
/// with.
base::Result<StartupPacket> parse_startup(base::Bytes bytes, const StartupLimits& limits = {});

}  // namespace pgsidecar::protocol
