#include "protocol/framing/frame_reader.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace pgsidecar::protocol {

namespace {

// Bit 0: a frontend may send it, bit 1: a backend may send it, bit 2: only relayed, in pieces.
constexpr std::array<std::uint8_t, 256> make_types() {
    std::array<std::uint8_t, 256> types{};
    for (char c : std::string_view("BCcdDEfFHPpQSX")) types[static_cast<unsigned char>(c)] |= 1;
    for (char c : std::string_view("123ACcdDEGHIKnNRsStTvVWZ"))
        types[static_cast<unsigned char>(c)] |= 2;
    types[static_cast<unsigned char>('d')] |= 4;
    return types;
}
constexpr auto kTypes = make_types();

// The longest sensible value of the length field, for types whose content is bounded: a stream that
// has gone wrong then shows at once, instead of being waited for. The frontend's are PostgreSQL's
// own (PQ_SMALL_MESSAGE_LIMIT).
constexpr std::uint32_t longest(FrameReader::Direction direction, char type) {
    if (direction == FrameReader::Direction::Frontend) {
        switch (type) {
            case 'C':
            case 'D':
            case 'E':
            case 'H':
            case 'S':
            case 'X':
            case 'c': return 10'000;
            default: return 0xffffffff;
        }
    }
    switch (type) {
        case '1':
        case '2':
        case '3':
        case 'n':
        case 's':
        case 'I':
        case 'c': return 4;
        case 'Z': return 5;
        case 'K': return 512;
        case 'C': return 10'000;
        case 'G':
        case 'H':
        case 'W': return 140'000;
        default: return 0xffffffff;
    }
}

}  // namespace

bool FrameReader::must_come_whole(char type) const {
    if ((kTypes[static_cast<unsigned char>(type)] & 4) != 0) return false;
    // 'D' is Describe from a frontend and DataRow from a backend.
    return direction_ == Direction::Frontend || type != 'D';
}

bool FrameReader::take_header(const std::byte* header) {
    type_ = std::to_integer<char>(header[0]);
    std::uint32_t length = base::load_be32(header + 1);
    std::uint8_t side = direction_ == Direction::Frontend ? 1 : 2;
    if ((kTypes[static_cast<unsigned char>(type_)] & side) == 0) {
        error_ = FrameError::UnknownType;
    } else if (length < 4) {
        error_ = FrameError::LengthTooSmall;
    } else if (length > limits_.max_message_bytes || length > longest(direction_, type_)) {
        error_ = FrameError::LengthTooLarge;
    } else {
        payload_length_ = length - 4;
        return true;
    }
    return false;
}

FrameOutcome FrameReader::next(base::Bytes& input, Frame& frame) {
    if (release_held_) {
        std::string().swap(held_);
        release_held_ = false;
    }
    if (error_ != FrameError::None) return FrameOutcome::Bad;
    if (remaining_ != 0) return next_piece(input, frame);
    if (!held_.empty()) return from_held(input, frame);
    if (input.size() < kHeader) return hold(input);
    if (!take_header(input.data())) return FrameOutcome::Bad;

    std::size_t total = kHeader + payload_length_;
    if (total <= input.size()) {
        frame = {type_,
                 payload_length_,
                 input.first(total),
                 input.subspan(kHeader, payload_length_),
                 true,
                 true};
        input = input.subspan(total);
        return FrameOutcome::Got;
    }
    if (!must_come_whole(type_) || input.size() >= limits_.hold_limit) {
        base::Bytes wire = input;
        input = {};
        return start_pieces(wire, frame);
    }
    return hold(input);
}

FrameOutcome FrameReader::next_piece(base::Bytes& input, Frame& frame) {
    if (input.empty()) return FrameOutcome::Need;
    std::size_t take = std::min<std::size_t>(remaining_, input.size());
    remaining_ -= static_cast<std::uint32_t>(take);
    frame = {type_, payload_length_, input.first(take), input.first(take), false, remaining_ == 0};
    input = input.subspan(take);
    return FrameOutcome::Got;
}

FrameOutcome FrameReader::start_pieces(base::Bytes wire, Frame& frame) {
    remaining_ = static_cast<std::uint32_t>(kHeader + payload_length_ - wire.size());
    frame = {type_, payload_length_, wire, wire.subspan(kHeader), true, false};
    return FrameOutcome::Got;
}

FrameOutcome FrameReader::hold(base::Bytes& input) {
    held_.append(base::as_text(input));
    input = {};
    return FrameOutcome::Need;
}

FrameOutcome FrameReader::from_held(base::Bytes& input, Frame& frame) {
    auto append = [&](std::size_t wanted) {
        std::size_t take = std::min(wanted - held_.size(), input.size());
        held_.append(base::as_text(input.first(take)));
        input = input.subspan(take);
        return held_.size() == wanted;
    };
    if (held_.size() < kHeader && !append(kHeader)) return FrameOutcome::Need;
    base::Bytes wire = base::as_bytes(held_);
    if (!take_header(wire.data())) return FrameOutcome::Bad;

    std::size_t total = kHeader + payload_length_;
    std::size_t wanted = total;
    if (!must_come_whole(type_)) wanted = std::min(total, held_.size() + input.size());
    wanted = std::min(wanted, std::max<std::size_t>(limits_.hold_limit, kHeader));
    wanted = std::max(wanted, held_.size());
    if (!append(wanted)) return FrameOutcome::Need;

    wire = base::as_bytes(held_);
    release_held_ = true;
    if (wire.size() < total) return start_pieces(wire, frame);
    frame = {type_, payload_length_, wire, wire.subspan(kHeader), true, true};
    return FrameOutcome::Got;
}

}  // namespace pgsidecar::protocol
