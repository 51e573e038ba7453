#include "model/json_object.hpp"

#include <cmath>

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

namespace pgsidecar::model {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

/// What the bytes at the front of a text are: a whole character, or a broken one of `length` bytes.
struct Sequence {
    std::size_t length;
    bool valid;
};

/// The limits of the second byte exclude overlong forms, surrogates and what lies above U+10FFFF
/// (Unicode, table 3-7).
Sequence first_sequence(std::string_view text) {
    auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned lead = at(0);
    if (lead < 0x80) return {1, true};
    std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (lead < 0xC2 || lead > 0xF4) return {1, false};
    unsigned low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    unsigned high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    for (std::size_t i = 1; i < length; ++i) {
        if (i >= text.size() || at(i) < low || at(i) > high) return {i, false};
        low = 0x80;
        high = 0xBF;
    }
    return {length, true};
}

rapidjson::SizeType size_of(std::string_view text) {
    return static_cast<rapidjson::SizeType>(text.size());
}

}  // namespace

std::string valid_utf8(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        const Sequence sequence = first_sequence(text);
        out += sequence.valid ? text.substr(0, sequence.length) : kReplacement;
        text.remove_prefix(sequence.length);
    }
    return out;
}

struct JsonObject::Impl {
    rapidjson::StringBuffer buffer;
    rapidjson::Writer<rapidjson::StringBuffer> writer{buffer};

    void key(std::string_view name) { writer.Key(name.data(), size_of(name)); }
};

JsonObject::JsonObject() : impl_(std::make_unique<Impl>()) { impl_->writer.StartObject(); }
JsonObject::JsonObject(JsonObject&&) noexcept = default;
JsonObject& JsonObject::operator=(JsonObject&&) noexcept = default;
JsonObject::~JsonObject() = default;

JsonObject& JsonObject::add(std::string_view name, std::string_view value) {
    const std::string text = valid_utf8(value);
    impl_->key(name);
    impl_->writer.String(text.data(), size_of(text));
    return *this;
}

JsonObject& JsonObject::add(std::string_view name, const char* value) {
    return add(name, std::string_view(value));
}

JsonObject& JsonObject::add(std::string_view name, const std::string& value) {
    return add(name, std::string_view(value));
}

JsonObject& JsonObject::add(std::string_view name, double value) {
    const double rounded = std::round(value * 1000) / 1000;
    impl_->key(name);
    impl_->writer.Double(std::isfinite(rounded) ? rounded : 0);
    return *this;
}

JsonObject& JsonObject::add_raw(std::string_view name, std::string_view json) {
    impl_->key(name);
    impl_->writer.RawValue(json.data(), json.size(), rapidjson::kObjectType);
    return *this;
}

JsonObject& JsonObject::add_bool(std::string_view name, bool value) {
    impl_->key(name);
    impl_->writer.Bool(value);
    return *this;
}

JsonObject& JsonObject::add_signed(std::string_view name, std::int64_t value) {
    impl_->key(name);
    impl_->writer.Int64(value);
    return *this;
}

JsonObject& JsonObject::add_unsigned(std::string_view name, std::uint64_t value) {
    impl_->key(name);
    impl_->writer.Uint64(value);
    return *this;
}

std::string JsonObject::finish() {
    impl_->writer.EndObject();
    return {impl_->buffer.GetString(), impl_->buffer.GetSize()};
}

}  // namespace pgsidecar::model
