#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/bytes.hpp"

namespace pgsidecar::protocol {

/// A message, or a piece of a long one, as it stands in the input.
///
/// Views die with the next call of FrameReader::next() and with the input they were cut from.
struct Frame {
    char type = 0;
    std::uint32_t payload_length = 0;  ///< of the whole message, without type and length
    base::Bytes wire;                  ///< this piece's bytes, header included in the first piece
    base::Bytes payload;               ///< this piece's part of the payload
    bool first = false;
    bool last = false;

    bool whole() const { return first && last; }
};

enum class FrameOutcome : std::uint8_t { Need, Got, Bad };

enum class FrameError : std::uint8_t { None, UnknownType, LengthTooSmall, LengthTooLarge };

/// Cuts typed messages (manual, "Message Formats") out of a byte stream.
///
/// Messages that the proxy must understand come whole, up to hold_limit bytes; longer ones, and
/// types that are only relayed (rows, COPY data), come in pieces as they arrive, so that a message
/// of 1 GB needs no memory. The length is judged from the header, before anything is kept. Holds no
/// memory between messages.
///
/// Thread: its owner's. Sans-I/O.
class FrameReader {
public:
    enum class Direction : std::uint8_t { Frontend, Backend };

    struct Limits {
        std::uint32_t max_message_bytes = 0x7fffffff;  ///< on the wire's own length field
        std::uint32_t hold_limit = 65'536;             ///< longest message that comes whole
    };

    FrameReader(Direction direction, Limits limits) : limits_(limits), direction_(direction) {}

    /// Takes the next message or piece from the front of input, which is moved forward past it.
    /// Need: input is used up (what must be kept is kept). Bad: see error(); the stream is lost.
    FrameOutcome next(base::Bytes& input, Frame& frame);

    FrameError error() const { return error_; }
    /// The type byte of the message that was refused.
    char bad_type() const { return type_; }

    /// True between messages: nothing of a message has been taken that is not complete.
    bool at_boundary() const { return (held_.empty() || release_held_) && remaining_ == 0; }
    /// True while pieces of a long message have been handed out and more must follow.
    bool in_pieces() const { return remaining_ != 0; }

    /// The first piece that next() gave last is offered again, in front of what follows it.
    void put_back() { remaining_ = 0; }

    void set_limits(Limits limits) { limits_ = limits; }

private:
    static constexpr std::size_t kHeader = 5;

    bool take_header(const std::byte* header);
    bool must_come_whole(char type) const;
    FrameOutcome next_piece(base::Bytes& input, Frame& frame);
    FrameOutcome start_pieces(base::Bytes wire, Frame& frame);
    FrameOutcome from_held(base::Bytes& input, Frame& frame);
    FrameOutcome hold(base::Bytes& input);

    Limits limits_;
    std::string held_;             ///< the start of a message that is not yet complete
    std::uint32_t remaining_ = 0;  ///< payload bytes of a message in pieces that are still to come
    std::uint32_t payload_length_ = 0;
    Direction direction_;
    char type_ = 0;
    FrameError error_ = FrameError::None;
    bool release_held_ = false;  ///< held_ was handed out by the last call
};

}  // namespace pgsidecar::protocol
