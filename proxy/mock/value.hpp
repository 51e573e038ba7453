#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "proxy/mock/types.hpp"

namespace pgsidecar::proxy::mock {

/// What the format codes of Bind and RowDescription say.
enum class Format : std::uint8_t { Text, Binary };

/// A field: its type and PostgreSQL's text form of it; nothing is NULL.
struct Value {
    Oid type = oid::kText;
    std::optional<std::string> text{};
    /// The client's own binary form of a parameter whose type is not understood; text is then
    /// empty. It can be given back in binary only.
    std::optional<std::string> binary{};

    bool is_null() const { return !text && !binary; }
    std::size_t size() const { return (text ? text->size() : 0) + (binary ? binary->size() : 0); }
};

/// A parameter as Bind brought it.
Value decode_value(Oid type, Format format, std::string_view bytes);
/// The value in that format; nothing for NULL and for what cannot be written in that format.
std::optional<std::string> encode_value(const Value& value, Format format);
/// The value as another type; NULL where that cannot be.
Value cast_value(Value value, Oid to);

/// "2026-11-20 10:00:00.123456+00", and the other way round (nothing when it is no such text; a
/// text without a zone is UTC).
std::string timestamp_text(std::int64_t wall_us, bool with_zone);
std::optional<std::int64_t> timestamp_of(std::string_view text);

std::optional<std::int64_t> integer_of(std::string_view text);

}  // namespace pgsidecar::proxy::mock
