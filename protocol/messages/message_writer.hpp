#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace pgsidecar::protocol {

/// The largest value of a length word (manual, "Message Data Types": Int32).
inline constexpr std::size_t kMaxMessageLength = 0x7fffffff;

/// Appends protocol messages to the caller's buffer and patches their length words.
///
///     MessageWriter writer(out);
///     writer.begin(kQuery);
///     writer.cstring("select 1");
///     if (auto done = writer.end(); done.has_error()) ...
///
/// Nothing is copied once a message is too long. A message that failed is taken back out of the
/// buffer by end(), so `out` holds whole messages only. One thread; keeps a reference to `out`.
class MessageWriter {
public:
    /// `max_length` bounds the length word; tests pass a small one.
    explicit MessageWriter(std::string& out, std::size_t max_length = kMaxMessageLength)
        : out_(out), max_length_(max_length) {}

    void begin(char type);
    /// The packets before login (StartupMessage, SSLRequest, CancelRequest) have no type byte.
    void begin_untyped();

    void u8(std::uint8_t value);
    void i16(std::int16_t value);
    void i32(std::int32_t value);
    void bytes(base::Bytes value);
    /// Text without a terminator.
    void text(std::string_view value) { bytes(base::as_bytes(value)); }
    /// Text and its zero; a zero byte inside fails the message (EmbeddedZero).
    void cstring(std::string_view value);

    /// Errors: MessageTooLong, EmbeddedZero.
    base::Result<void> end();

private:
    bool room_for(std::size_t count);

    std::string& out_;
    std::size_t max_length_;
    std::size_t message_at_ = 0;  // Where this message begins in out_.
    std::size_t length_at_ = 0;   // Where its length word is.
    bool open_ = false;
    bool too_long_ = false;
    bool zero_inside_ = false;
};

/// The part before the first zero byte: what the other side would read of it as a String.
inline std::string_view until_zero(std::string_view text) {
    return text.substr(0, text.find('\0'));
}

}  // namespace pgsidecar::protocol
