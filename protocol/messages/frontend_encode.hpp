#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/bytes.hpp"
#include "base/result.hpp"

/// Messages that we send to a server as its client. Each appends one whole message to `out`.
///
/// Those that carry a text of the user's return EmbeddedZero or MessageTooLong and leave `out` as
/// it was. `out` holds passwords after some of them: the caller clears it once it is sent.
namespace pgsidecar::protocol {

using ParameterView = std::pair<std::string_view, std::string_view>;

/// Protocol 3.0; `parameters` must hold "user". Empty names are refused (InvalidField).
base::Result<void> append_startup_message(std::string& out,
                                          std::span<const ParameterView> parameters);
void append_ssl_request(std::string& out);
/// Error: CancelKeyLength unless `secret` has 4 to 256 bytes.
base::Result<void> append_cancel_request(std::string& out, std::int32_t pid, base::Bytes secret);

/// `password`: in clear text or as md5_response() made it.
base::Result<void> append_password_message(std::string& out, std::string_view password);
base::Result<void> append_sasl_initial_response(std::string& out, std::string_view mechanism,
                                                std::string_view response);
base::Result<void> append_sasl_response(std::string& out, std::string_view response);

base::Result<void> append_query(std::string& out, std::string_view sql);
void append_sync(std::string& out);
void append_terminate(std::string& out);

}  // namespace pgsidecar::protocol
