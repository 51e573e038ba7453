#include "protocol/messages/message_writer.hpp"

#include "base/assert.hpp"
#include "protocol/messages/protocol_errc.hpp"

namespace pgsidecar::protocol {

void MessageWriter::begin(char type) {
    PGS_ASSERT(!open_);
    message_at_ = out_.size();
    out_.push_back(type);
    length_at_ = out_.size();
    out_.append(4, '\0');
    open_ = true;
    too_long_ = zero_inside_ = false;
}

void MessageWriter::begin_untyped() {
    PGS_ASSERT(!open_);
    message_at_ = length_at_ = out_.size();
    out_.append(4, '\0');
    open_ = true;
    too_long_ = zero_inside_ = false;
}

bool MessageWriter::room_for(std::size_t count) {
    PGS_ASSERT(open_);
    if (too_long_ || count > max_length_ || out_.size() - length_at_ > max_length_ - count) {
        too_long_ = true;
        return false;
    }
    return true;
}

void MessageWriter::u8(std::uint8_t value) {
    if (room_for(1)) out_.push_back(static_cast<char>(value));
}

void MessageWriter::i16(std::int16_t value) {
    std::byte raw[2];
    base::store_be16(raw, static_cast<std::uint16_t>(value));
    bytes(raw);
}

void MessageWriter::i32(std::int32_t value) {
    std::byte raw[4];
    base::store_be32(raw, static_cast<std::uint32_t>(value));
    bytes(raw);
}

void MessageWriter::bytes(base::Bytes value) {
    if (room_for(value.size())) out_.append(base::as_text(value));
}

void MessageWriter::cstring(std::string_view value) {
    if (value.find('\0') != std::string_view::npos) zero_inside_ = true;
    text(value);
    u8(0);
}

base::Result<void> MessageWriter::end() {
    PGS_ASSERT(open_);
    open_ = false;
    if (too_long_ || zero_inside_) {
        out_.resize(message_at_);
        return make_error_code(too_long_ ? ProtocolErrc::MessageTooLong
                                         : ProtocolErrc::EmbeddedZero);
    }
    auto length = static_cast<std::uint32_t>(out_.size() - length_at_);
    base::store_be32(reinterpret_cast<std::byte*>(out_.data() + length_at_), length);
    return {};
}

}  // namespace pgsidecar::protocol
