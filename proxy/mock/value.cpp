#include "proxy/mock/value.hpp"

#include <array>
#include <bit>
#include <charconv>
#include <chrono>
#include <cmath>
#include <utility>

#include "proxy/mock/numeric_form.hpp"

namespace pgsidecar::proxy::mock {
namespace {

/// 2000-01-01, where PostgreSQL's times begin, in days and microseconds since 1970.
constexpr std::int64_t kEpochDays = 10'957;
constexpr std::int64_t kEpochUs = kEpochDays * 86'400'000'000;

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
    return text;
}

std::string big_endian(std::uint64_t value, std::size_t size) {
    std::string out(size, '\0');
    for (std::size_t i = 0; i < size; ++i)
        out[size - 1 - i] = static_cast<char>(static_cast<unsigned char>(value >> (8 * i)));
    return out;
}

std::uint64_t from_big_endian(std::string_view bytes) {
    std::uint64_t value = 0;
    for (char c : bytes) value = value << 8 | static_cast<unsigned char>(c);
    return value;
}

std::size_t integer_size(Oid type) {
    return type == oid::kInt2 ? 2U : type == oid::kInt8 ? 8U : 4U;
}

bool fits(std::int64_t value, Oid type) {
    if (type == oid::kInt2) return value >= INT16_MIN && value <= INT16_MAX;
    if (type == oid::kInt4) return value >= INT32_MIN && value <= INT32_MAX;
    if (type == oid::kOid) return value >= 0 && value <= std::int64_t{UINT32_MAX};
    return true;
}

std::optional<double> real_of(std::string_view text) {
    text = trimmed(text);
    double value = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

template <class Real>
std::string real_text(Real value) {
    if (std::isnan(value)) return "NaN";
    if (std::isinf(value)) return value < 0 ? "-Infinity" : "Infinity";
    std::array<char, 64> buffer{};
    auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
    return {buffer.data(), end};
}

std::optional<bool> bool_of(std::string_view text) {
    std::string lower;
    for (char c : trimmed(text)) lower += static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
    for (std::string_view word : {"t", "true", "y", "yes", "on", "1"})
        if (lower == word) return true;
    for (std::string_view word : {"f", "false", "n", "no", "off", "0"})
        if (lower == word) return false;
    return std::nullopt;
}

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

std::optional<std::string> from_hex(std::string_view digits) {
    if (digits.size() % 2 != 0) return std::nullopt;
    std::string out;
    for (std::size_t i = 0; i < digits.size(); i += 2) {
        int high = hex_digit(digits[i]), low = hex_digit(digits[i + 1]);
        if (high < 0 || low < 0) return std::nullopt;
        out += static_cast<char>(high * 16 + low);
    }
    return out;
}

std::string to_hex(std::string_view bytes) {
    static constexpr std::string_view kDigits = "0123456789abcdef";
    std::string out;
    for (char c : bytes) {
        out += kDigits[static_cast<unsigned char>(c) >> 4];
        out += kDigits[static_cast<unsigned char>(c) & 15];
    }
    return out;
}

std::optional<std::string> uuid_bytes(std::string_view text) {
    std::string digits;
    for (char c : trimmed(text))
        if (c != '-' && c != '{' && c != '}') digits += c;
    if (digits.size() != 32) return std::nullopt;
    return from_hex(digits);
}

std::string uuid_text(std::string_view bytes) {
    std::string hex = to_hex(bytes);
    for (std::size_t at : {20U, 16U, 12U, 8U}) hex.insert(at, 1, '-');
    return hex;
}

std::optional<std::string> date_text(std::int64_t days) {
    // Times far outside of the calendar are not worth a second algorithm.
    if (days < -4'000'000 || days > 4'000'000) return std::nullopt;
    return timestamp_text(days * 86'400'000'000, false).substr(0, 10);
}

std::optional<std::string> binary_of(Oid type, const std::string& text) {
    if (is_textual(type)) return text;
    if (is_integer(type)) {
        auto value = integer_of(text);
        if (!value || !fits(*value, type)) return std::nullopt;
        return big_endian(static_cast<std::uint64_t>(*value), integer_size(type));
    }
    switch (type) {
        case oid::kBool: {
            auto value = bool_of(text);
            if (!value) return std::nullopt;
            return std::string(1, *value ? '\1' : '\0');
        }
        case oid::kFloat4:
        case oid::kFloat8: {
            auto value = real_of(text);
            if (!value) return std::nullopt;
            if (type == oid::kFloat8) return big_endian(std::bit_cast<std::uint64_t>(*value), 8);
            return big_endian(std::bit_cast<std::uint32_t>(static_cast<float>(*value)), 4);
        }
        case oid::kBytea: return text.starts_with("\\x") ? from_hex(text.substr(2)) : text;
        case oid::kUuid: return uuid_bytes(text);
        case oid::kJsonb: return '\1' + text;
        case oid::kNumeric: return numeric_to_binary(text);
        case oid::kTimestamp:
        case oid::kTimestamptz: {
            auto us = timestamp_of(text);
            if (!us) return std::nullopt;
            return big_endian(static_cast<std::uint64_t>(*us - kEpochUs), 8);
        }
        case oid::kDate: {
            auto us = timestamp_of(text);
            if (!us) return std::nullopt;
            return big_endian(static_cast<std::uint64_t>(*us / 86'400'000'000 - kEpochDays), 4);
        }
        default: return std::nullopt;
    }
}

std::optional<std::string> text_of(Oid type, std::string_view bytes) {
    if (is_textual(type)) return std::string(bytes);
    if (is_integer(type)) {
        if (bytes.size() != integer_size(type)) return std::nullopt;
        std::uint64_t raw = from_big_endian(bytes);
        if (type == oid::kInt2) return std::to_string(static_cast<std::int16_t>(raw));
        if (type == oid::kInt4) return std::to_string(static_cast<std::int32_t>(raw));
        return std::to_string(static_cast<std::int64_t>(raw));
    }
    switch (type) {
        case oid::kBool:
            if (bytes.size() != 1) return std::nullopt;
            return bytes[0] != 0 ? "t" : "f";
        case oid::kFloat4:
            if (bytes.size() != 4) return std::nullopt;
            return real_text(
                std::bit_cast<float>(static_cast<std::uint32_t>(from_big_endian(bytes))));
        case oid::kFloat8:
            if (bytes.size() != 8) return std::nullopt;
            return real_text(std::bit_cast<double>(from_big_endian(bytes)));
        case oid::kBytea: return "\\x" + to_hex(bytes);
        case oid::kUuid:
            if (bytes.size() != 16) return std::nullopt;
            return uuid_text(bytes);
        case oid::kJsonb:
            if (bytes.empty() || bytes[0] != 1) return std::nullopt;
            return std::string(bytes.substr(1));
        case oid::kNumeric: return numeric_to_text(bytes);
        case oid::kTimestamp:
        case oid::kTimestamptz: {
            if (bytes.size() != 8) return std::nullopt;
            auto us = static_cast<std::int64_t>(from_big_endian(bytes));
            if (us < -200'000'000'000'000'000 || us > 200'000'000'000'000'000) return std::nullopt;
            return timestamp_text(us + kEpochUs, type == oid::kTimestamptz);
        }
        case oid::kDate:
            if (bytes.size() != 4) return std::nullopt;
            return date_text(std::int64_t{static_cast<std::int32_t>(from_big_endian(bytes))} +
                             kEpochDays);
        default: return std::nullopt;
    }
}

/// Digits of that many places from text, which moves on.
std::optional<int> take_number(std::string_view& text, std::size_t places) {
    if (text.size() < places) return std::nullopt;
    int value = 0;
    for (std::size_t i = 0; i < places; ++i) {
        if (text[i] < '0' || text[i] > '9') return std::nullopt;
        value = value * 10 + (text[i] - '0');
    }
    text.remove_prefix(places);
    return value;
}

bool take(std::string_view& text, char c) {
    if (text.empty() || text.front() != c) return false;
    text.remove_prefix(1);
    return true;
}

/// "10:00:00.5" as microseconds.
std::optional<std::int64_t> take_time(std::string_view& text) {
    auto hour = take_number(text, 2);
    if (!hour || !take(text, ':')) return std::nullopt;
    auto minute = take_number(text, 2);
    if (!minute || *hour > 24 || *minute > 59) return std::nullopt;
    std::int64_t us = (*hour * 60 + *minute) * std::int64_t{60'000'000};
    if (!take(text, ':')) return us;
    auto second = take_number(text, 2);
    if (!second || *second > 60) return std::nullopt;
    us += *second * std::int64_t{1'000'000};
    if (!take(text, '.')) return us;
    std::int64_t scale = 100'000;
    for (; !text.empty() && text.front() >= '0' && text.front() <= '9'; text.remove_prefix(1)) {
        us += (text.front() - '0') * scale;
        scale /= 10;
    }
    return us;
}

/// "", "Z", "+01", "+01:30" as microseconds.
std::optional<std::int64_t> take_zone(std::string_view text) {
    if (text.empty() || text == "Z") return 0;
    std::int64_t sign = text.front() == '-' ? -1 : 1;
    if (text.front() != '+' && text.front() != '-') return std::nullopt;
    text.remove_prefix(1);
    auto hours = take_number(text, 2);
    if (!hours) return std::nullopt;
    take(text, ':');
    auto minutes = text.empty() ? std::optional<int>(0) : take_number(text, 2);
    if (!minutes || !text.empty()) return std::nullopt;
    return sign * (*hours * 60 + *minutes) * std::int64_t{60'000'000};
}

}  // namespace

std::optional<std::int64_t> integer_of(std::string_view text) {
    text = trimmed(text);
    if (text.size() > 1 && text.front() == '+' && text[1] != '-') text.remove_prefix(1);
    std::int64_t value = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

std::string timestamp_text(std::int64_t wall_us, bool with_zone) {
    using namespace std::chrono;
    const sys_time<microseconds> at{microseconds(wall_us)};
    const auto day = floor<days>(at);
    const year_month_day date(day);
    const hh_mm_ss<microseconds> time(at - day);
    auto padded = [](std::int64_t value, std::size_t places) {
        std::string digits = std::to_string(value);
        return std::string(places > digits.size() ? places - digits.size() : 0, '0') + digits;
    };
    std::string out = padded(int{date.year()}, 4) + '-' + padded(unsigned{date.month()}, 2) + '-' +
                      padded(unsigned{date.day()}, 2) + ' ' + padded(time.hours().count(), 2) +
                      ':' + padded(time.minutes().count(), 2) + ':' +
                      padded(time.seconds().count(), 2);
    if (time.subseconds().count() != 0) {
        out += '.' + padded(time.subseconds().count(), 6);
        while (out.back() == '0') out.pop_back();
    }
    if (with_zone) out += "+00";
    return out;
}

std::optional<std::int64_t> timestamp_of(std::string_view text) {
    using namespace std::chrono;
    text = trimmed(text);
    auto year_number = take_number(text, 4);
    if (!year_number || !take(text, '-')) return std::nullopt;
    auto month_number = take_number(text, 2);
    if (!month_number || !take(text, '-')) return std::nullopt;
    auto day_number = take_number(text, 2);
    if (!day_number) return std::nullopt;
    const year_month_day date(year(*year_number), month(static_cast<unsigned>(*month_number)),
                              day(static_cast<unsigned>(*day_number)));
    if (!date.ok()) return std::nullopt;
    std::int64_t us = sys_days(date).time_since_epoch().count() * std::int64_t{86'400'000'000};
    if (text.empty()) return us;
    if (!take(text, ' ') && !take(text, 'T')) return std::nullopt;
    auto time = take_time(text);
    if (!time) return std::nullopt;
    auto zone = take_zone(trimmed(text));
    if (!zone) return std::nullopt;
    return us + *time - *zone;
}

Value decode_value(Oid type, Format format, std::string_view bytes) {
    Value value;
    if (format == Format::Text) {
        value.text = std::string(bytes);
        return cast_value(std::move(value), type);
    }
    value.type = type;
    if (auto text = text_of(type, bytes)) {
        value.text = std::move(text);
    } else {
        value.binary = std::string(bytes);
    }
    return value;
}

std::optional<std::string> encode_value(const Value& value, Format format) {
    if (format == Format::Text) return value.text;
    if (value.binary) return value.binary;
    if (!value.text) return std::nullopt;
    return binary_of(value.type, *value.text);
}

Value cast_value(Value value, Oid to) {
    if (value.type == to) return value;
    Oid from = std::exchange(value.type, to);
    value.binary.reset();
    if (!value.text) return value;
    std::string& text = *value.text;
    if (to == oid::kBool) {
        auto parsed = bool_of(text);
        value.text = parsed ? std::optional<std::string>(*parsed ? "t" : "f") : std::nullopt;
    } else if (is_integer(to)) {
        if (from == oid::kBool) text = text == "t" ? "1" : "0";
        auto number = integer_of(text);
        if (auto real = number ? std::nullopt : real_of(text); real && std::abs(*real) < 9e15)
            number = std::llrint(*real);
        bool good = number && fits(*number, to);
        value.text = good ? std::optional<std::string>(std::to_string(*number)) : std::nullopt;
    } else if (to == oid::kFloat4 || to == oid::kFloat8 || to == oid::kNumeric) {
        if (!real_of(text)) value.text.reset();
    } else if (to == oid::kUuid) {
        auto bytes = uuid_bytes(text);
        value.text = bytes ? std::optional<std::string>(uuid_text(*bytes)) : std::nullopt;
    } else if (to == oid::kDate || to == oid::kTimestamp || to == oid::kTimestamptz) {
        auto us = timestamp_of(text);
        value.text.reset();
        if (us) value.text = timestamp_text(*us, to == oid::kTimestamptz);
        if (us && to == oid::kDate) value.text->resize(10);
    } else if (from == oid::kBool && is_textual(to)) {
        text = text == "t" ? "true" : "false";
    }
    return value;
}

}  // namespace pgsidecar::proxy::mock
