#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "protocol/framing/frame_reader.hpp"
#include "protocol/messages/message_writer.hpp"

/// A client's Parse, Bind, Describe and Close under another statement name, and such messages of
/// our own. Each function appends to `out`, and leaves it as it was when it fails.
namespace pgsidecar::protocol {

/// What a client is told when we answer a Parse or a Close('S') ourselves.
inline constexpr std::string_view kParseCompleteMessage("1\0\0\0\4", 5);
inline constexpr std::string_view kCloseCompleteMessage("3\0\0\0\4", 5);
/// Makes the server send what it has to say so far (manual, "Flush").
inline constexpr std::string_view kFlushMessage("H\0\0\0\4", 5);

/// The statement that a Parse, Bind, Describe('S') or Close('S') names: a view into the frame.
///
/// The frame is the whole message or its first piece. Errors: MessageTruncated when the piece ends
/// within the name, InvalidField for a Describe or Close of something else, UnexpectedMessage for
/// other types and later pieces.
base::Result<std::string_view> statement_name_of(const Frame& frame);

/// The same message with another statement name: its head goes to `out`, what is returned follows
/// it as it stands in the frame (and after that the message's later pieces), so that values are not
/// copied.
///
/// `old_name` is what statement_name_of() or a decoder gave for this frame. Errors: MessageTooLong
/// when the new length exceeds `max_length`, EmbeddedZero.
base::Result<base::Bytes> append_renamed(std::string& out, const Frame& frame,
                                         std::string_view old_name, std::string_view new_name,
                                         std::size_t max_length = kMaxMessageLength);

/// `types`: 4-byte object ids as they came in a Parse, at most 65,535 (else InvalidField).
/// Errors: MessageTooLong, EmbeddedZero.
base::Result<void> append_parse(std::string& out, std::string_view name, std::string_view text,
                                base::Bytes types);
/// Parse, Bind, Execute and both Closes of a statement without parameters or rows, all under this
/// name. Errors: MessageTooLong, EmbeddedZero, with nothing of the first message that failed.
base::Result<void> append_command(std::string& out, std::string_view name, std::string_view text);
/// Of a statement. Errors: EmbeddedZero.
base::Result<void> append_describe_statement(std::string& out, std::string_view name);
base::Result<void> append_close_statement(std::string& out, std::string_view name);

}  // namespace pgsidecar::protocol
