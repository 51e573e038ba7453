#include "proxy/mock/numeric_form.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/bytes.hpp"

namespace pgsidecar::proxy::mock {
namespace {

constexpr std::uint16_t kPositive = 0x0000, kNegative = 0x4000, kNotANumber = 0xC000;
constexpr std::size_t kGroup = 4;  ///< decimal digits in one digit of base 10000
constexpr std::size_t kMaxDigits = 4'000;

bool only_digits(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

void put16(std::string& out, std::uint16_t value) {
    std::array<std::byte, 2> bytes;
    base::store_be16(bytes.data(), value);
    out += base::as_text(bytes);
}

std::string header(std::size_t digits, std::int64_t weight, std::uint16_t sign, std::size_t scale) {
    std::string out;
    put16(out, static_cast<std::uint16_t>(digits));
    put16(out, static_cast<std::uint16_t>(weight));
    put16(out, sign);
    put16(out, static_cast<std::uint16_t>(scale));
    return out;
}

}  // namespace

std::optional<std::string> numeric_to_binary(std::string_view text) {
    if (text == "NaN") return header(0, 0, kNotANumber, 0);
    std::uint16_t sign = kPositive;
    if (!text.empty() && (text.front() == '-' || text.front() == '+')) {
        if (text.front() == '-') sign = kNegative;
        text.remove_prefix(1);
    }
    auto point = std::min(text.find('.'), text.size());
    std::string whole(text.substr(0, point));
    std::string fraction(text.substr(std::min(point + 1, text.size())));
    bool number = !(whole + fraction).empty() && only_digits(whole) && only_digits(fraction);
    if (!number || whole.size() + fraction.size() > kMaxDigits) return std::nullopt;
    std::size_t scale = fraction.size();
    whole.insert(0, (kGroup - whole.size() % kGroup) % kGroup, '0');
    fraction.append((kGroup - fraction.size() % kGroup) % kGroup, '0');
    std::string digits = whole + fraction;
    auto weight = static_cast<std::int64_t>(whole.size() / kGroup) - 1;
    while (digits.starts_with("0000")) {
        digits.erase(0, kGroup);
        --weight;
    }
    while (digits.ends_with("0000")) digits.resize(digits.size() - kGroup);
    if (digits.empty()) {
        weight = 0;
        sign = kPositive;
    }
    std::string out = header(digits.size() / kGroup, weight, sign, scale);
    for (std::size_t i = 0; i < digits.size(); i += kGroup) {
        std::uint16_t value = 0;
        for (std::size_t j = 0; j < kGroup; ++j)
            value = static_cast<std::uint16_t>(value * 10 + (digits[i + j] - '0'));
        put16(out, value);
    }
    return out;
}

std::optional<std::string> numeric_to_text(std::string_view bytes) {
    base::ByteReader reader(base::as_bytes(bytes));
    auto count = reader.i16(), weight = reader.i16(), sign = reader.i16(), scale = reader.i16();
    if (!reader.ok() || *count < 0 || *scale < 0) return std::nullopt;
    auto sign_bits = static_cast<std::uint16_t>(*sign);
    if (sign_bits == kNotANumber) return "NaN";
    if (sign_bits != kPositive && sign_bits != kNegative) return std::nullopt;
    if (reader.remaining() != static_cast<std::size_t>(*count) * 2 || *weight > 1'000 ||
        *weight < -1'000) {
        return std::nullopt;
    }
    std::string whole, fraction;
    for (int group = -1; group > *weight; --group) fraction += "0000";
    for (int i = 0, group = *weight; i < *count; ++i, --group) {
        auto value = reader.i16();
        if (!value || *value < 0 || *value > 9'999) return std::nullopt;
        std::string four = std::to_string(*value);
        four.insert(0, kGroup - four.size(), '0');
        (group >= 0 ? whole : fraction) += four;
    }
    for (int group = *weight - *count; group >= 0; --group) whole += "0000";
    whole.erase(0, std::min(whole.find_first_not_of('0'), whole.size()));
    fraction.resize(static_cast<std::size_t>(*scale), '0');
    std::string out = sign_bits == kNegative ? "-" : "";
    out += whole.empty() ? "0" : whole;
    if (!fraction.empty()) out += '.' + fraction;
    return out;
}

}  // namespace pgsidecar::proxy::mock
