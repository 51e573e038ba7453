#include "protocol/framing/frame_reader.hpp"

#include <string>

#include "tests/fuzz/fuzz_target.hpp"

namespace {

using namespace pgsidecar;
using protocol::FrameOutcome;

/// All that came out of a reader: the type of each message and its bytes; and how it ended.
struct Read {
    std::string out;
    protocol::FrameError error;
};

Read read(base::Bytes input, protocol::FrameReader reader, std::size_t chunk) {
    Read result{};
    protocol::Frame frame;
    bool lost = false;
    while (!input.empty() && !lost) {
        base::Bytes part = input.first(std::min(chunk, input.size()));
        input = input.subspan(part.size());
        FrameOutcome outcome;
        while ((outcome = reader.next(part, frame)) == FrameOutcome::Got) {
            PGS_CHECK(frame.payload.size() <= frame.wire.size());
            PGS_CHECK(!frame.whole() || frame.wire.size() == frame.payload_length + 5u);
            PGS_CHECK(reader.in_pieces() != frame.last);
            if (frame.first) result.out += frame.type;
            result.out += base::as_text(frame.wire);
        }
        PGS_CHECK(outcome == FrameOutcome::Bad || part.empty());
        lost = outcome == FrameOutcome::Bad;
    }
    result.error = reader.error();
    return result;
}

}  // namespace

// Byte 0: direction and hold limit; byte 1: chunk size. Cut in chunks or not, the rest must read
// the same as far as whole messages go.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    using Direction = protocol::FrameReader::Direction;
    auto direction = (data[0] & 1) != 0 ? Direction::Backend : Direction::Frontend;
    protocol::FrameReader::Limits limits{0x7fffffff, static_cast<std::uint32_t>(data[0] >> 1) * 8};
    protocol::FrameReader reader(direction, limits);
    auto bytes = test::fuzz_bytes(data + 2, size - 2);
    Read cut = read(bytes, reader, data[1] == 0 ? 1 : data[1]);
    Read whole = read(bytes, reader, bytes.size());
    PGS_CHECK(cut.error == whole.error);
    // What is held back at the end depends on the chunks, what was given out does not.
    PGS_CHECK(cut.out.starts_with(whole.out) || whole.out.starts_with(cut.out));
    return 0;
}
