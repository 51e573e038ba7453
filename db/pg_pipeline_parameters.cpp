#include "db/pg_pipeline_parameters.hpp"

#include <cstddef>
#include <cstdint>

#include "base/bytes.hpp"

namespace pgsidecar::db {
namespace {

constexpr std::size_t kNoOffset = static_cast<std::size_t>(-1);

const std::byte* bytes_of(std::string_view text) {
    return reinterpret_cast<const std::byte*>(text.data());
}

bool take_count(std::string_view& rest, std::size_t& out) {
    if (rest.size() < 2) return false;
    out = base::load_be16(bytes_of(rest));
    rest.remove_prefix(2);
    return true;
}

bool take_i32(std::string_view& rest, std::int32_t& out) {
    if (rest.size() < 4) return false;
    out = static_cast<std::int32_t>(base::load_be32(bytes_of(rest)));
    rest.remove_prefix(4);
    return true;
}

void put_be16(std::string& out, std::size_t value) {
    out += static_cast<char>(value >> 8 & 0xff);
    out += static_cast<char>(value & 0xff);
}

void put_be32(std::string& out, std::uint32_t value) {
    put_be16(out, value >> 16);
    put_be16(out, value & 0xffff);
}

}  // namespace

bool BindParameters::read(std::string_view body) {
    given_formats_.clear();
    values_.clear();
    lengths_.clear();
    formats_.clear();
    texts_.clear();
    offsets_.clear();
    if (body.empty()) return true;
    return read_formats(body) && read_values(body);
}

bool BindParameters::read_formats(std::string_view& rest) {
    std::size_t count = 0;
    if (!take_count(rest, count)) return false;
    for (std::size_t i = 0; i < count; ++i) {
        std::size_t format = 0;
        if (!take_count(rest, format) || format > 1) return false;
        given_formats_.push_back(static_cast<int>(format));
    }
    return true;
}

bool BindParameters::read_values(std::string_view rest) {
    std::size_t count = 0;
    if (!take_count(rest, count)) return false;
    const std::size_t given = given_formats_.size();
    if (given > 1 && given != count) return false;
    for (std::size_t i = 0; i < count; ++i) {
        std::int32_t length = 0;
        if (!take_i32(rest, length) || length < -1) return false;
        const int format = given == 0 ? 0 : given_formats_[given == 1 ? 0 : i];
        const auto size = length < 0 ? 0 : static_cast<std::size_t>(length);
        if (size > rest.size()) return false;
        const std::string_view value = rest.substr(0, size);
        rest.remove_prefix(size);
        formats_.push_back(format);
        lengths_.push_back(static_cast<int>(size));
        values_.push_back(length < 0 ? nullptr : value.data());
        offsets_.push_back(kNoOffset);
        if (length < 0 || format != 0) continue;
        if (value.find('\0') != std::string_view::npos) return false;
        offsets_.back() = texts_.size();
        texts_.append(value);
        texts_ += '\0';
    }
    // Only now: texts_ may have moved while it grew.
    for (std::size_t i = 0; i < count; ++i) {
        if (offsets_[i] != kNoOffset) values_[i] = texts_.data() + offsets_[i];
    }
    return rest.empty();
}

std::string bind_body(const std::vector<std::optional<std::string_view>>& values) {
    std::string out;
    put_be16(out, 0);
    put_be16(out, values.size());
    for (const auto& value : values) {
        put_be32(out, value ? static_cast<std::uint32_t>(value->size()) : 0xffffffffU);
        if (value) out += *value;
    }
    return out;
}

}  // namespace pgsidecar::db
