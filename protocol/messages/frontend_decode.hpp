#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"

/// Reading what a client sends. Every function takes a payload (after type and length) and returns
/// views into it. No memory is taken.
///
/// Errors: MessageTruncated, TrailingBytes, InvalidField. The functions with "head" in their name
/// also work on the first part of a message that is being streamed; MessageTruncated then means
/// that the part was too short.
namespace pgsidecar::protocol {

/// The text of a Query.
base::Result<std::string_view> decode_query(base::Bytes payload);

struct ParseView {
    std::string_view name;  ///< Of the statement; empty for the unnamed one.
    std::string_view query;
    std::uint16_t param_count;  ///< Parameter types given, not parameters used.
    base::Bytes param_types;    ///< So many 4-byte object ids.
};
base::Result<ParseView> decode_parse(base::Bytes payload);

struct ParseHead {
    std::string_view name;
    std::string_view query;  ///< As much of it as is there.
    bool whole_query;
};
/// The name must be there whole.
base::Result<ParseHead> decode_parse_head(base::Bytes part);

struct BindHead {
    std::string_view portal;
    std::string_view statement;
    std::size_t size;  ///< Bytes of the two names with their zeros; formats and values follow.
};
base::Result<BindHead> decode_bind_head(base::Bytes part);

struct BindView {
    std::string_view portal;
    std::string_view statement;
    /// From the count of parameter format codes up to and including the last value.
    base::Bytes parameters;
    std::uint16_t count;  ///< Of parameter values.
};
base::Result<BindView> decode_bind(base::Bytes payload);

/// What Describe and Close name.
enum class TargetKind : char { Statement = 'S', Portal = 'P' };
struct TargetView {
    TargetKind kind;
    std::string_view name;
};
/// For Describe and Close, which have the same layout.
base::Result<TargetView> decode_target(base::Bytes payload);

struct ExecuteView {
    std::string_view portal;
    std::int32_t max_rows;  ///< 0 (or less, as PostgreSQL takes it): no limit.
};
base::Result<ExecuteView> decode_execute(base::Bytes payload);

/// The password of a PasswordMessage, clear or hashed. Never log it.
base::Result<std::string_view> decode_password(base::Bytes payload);

struct SaslInitialResponseView {
    std::string_view mechanism;
    std::optional<std::string_view> response;  ///< Absent: the client waits for an empty challenge.
};
base::Result<SaslInitialResponseView> decode_sasl_initial_response(base::Bytes payload);

}  // namespace pgsidecar::protocol
