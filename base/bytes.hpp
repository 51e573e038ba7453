#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>

namespace pgsidecar::base {

using Bytes = std::span<const std::byte>;

inline Bytes as_bytes(std::string_view text) {
    return std::as_bytes(std::span(text.data(), text.size()));
}

inline std::string_view as_text(Bytes bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Unchecked big-endian access; the caller has made sure of the room.
inline std::uint16_t load_be16(const std::byte* p) {
    std::uint16_t v;
    std::memcpy(&v, p, sizeof v);
    return __builtin_bswap16(v);
}
inline std::uint32_t load_be32(const std::byte* p) {
    std::uint32_t v;
    std::memcpy(&v, p, sizeof v);
    return __builtin_bswap32(v);
}
inline void store_be16(std::byte* p, std::uint16_t v) {
    v = __builtin_bswap16(v);
    std::memcpy(p, &v, sizeof v);
}
inline void store_be32(std::byte* p, std::uint32_t v) {
    v = __builtin_bswap32(v);
    std::memcpy(p, &v, sizeof v);
}

/// Reads PostgreSQL's wire types from a byte span and never past its end.
///
/// A failed read returns nullopt and leaves the reader failed: later reads fail too, so a parser
/// may read all its fields and ask ok() once. Views point into the span that was given.
class ByteReader {
public:
    explicit ByteReader(Bytes bytes) : rest_(bytes) {}

    bool ok() const { return ok_; }
    bool at_end() const { return rest_.empty(); }
    std::size_t remaining() const { return rest_.size(); }

    std::optional<std::uint8_t> u8() {
        if (!need(1)) return std::nullopt;
        auto v = std::to_integer<std::uint8_t>(rest_[0]);
        rest_ = rest_.subspan(1);
        return v;
    }
    std::optional<std::int16_t> i16() {
        if (!need(2)) return std::nullopt;
        auto v = static_cast<std::int16_t>(load_be16(rest_.data()));
        rest_ = rest_.subspan(2);
        return v;
    }
    std::optional<std::int32_t> i32() {
        if (!need(4)) return std::nullopt;
        auto v = static_cast<std::int32_t>(load_be32(rest_.data()));
        rest_ = rest_.subspan(4);
        return v;
    }
    std::optional<Bytes> bytes(std::size_t count) {
        if (!need(count)) return std::nullopt;
        auto v = rest_.first(count);
        rest_ = rest_.subspan(count);
        return v;
    }
    /// A zero-terminated String (manual, "Message Data Types"), without its zero.
    std::optional<std::string_view> cstring() {
        const void* end =
            ok_ && !rest_.empty() ? std::memchr(rest_.data(), 0, rest_.size()) : nullptr;
        if (end == nullptr) {
            ok_ = false;
            return std::nullopt;
        }
        auto length = static_cast<std::size_t>(static_cast<const std::byte*>(end) - rest_.data());
        auto v = as_text(rest_.first(length));
        rest_ = rest_.subspan(length + 1);
        return v;
    }

private:
    bool need(std::size_t count) {
        if (rest_.size() < count) ok_ = false;
        return ok_;
    }

    Bytes rest_;
    bool ok_ = true;
};

}  // namespace pgsidecar::base
