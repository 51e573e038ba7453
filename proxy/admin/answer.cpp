#include "proxy/admin/answer.hpp"

#include <array>

#include "base/assert.hpp"
#include "base/bytes.hpp"
#include "protocol/messages/message_types.hpp"
#include "protocol/messages/message_writer.hpp"

namespace pgsidecar::proxy::admin {
namespace {

constexpr std::int32_t kInt8Oid = 20, kTextOid = 25;

std::int16_t format_of(const Formats& formats, std::size_t column) {
    if (formats.empty()) return 0;
    return formats.size() == 1 ? formats[0] : formats[column];
}

std::string encoded(const Cell& cell, std::int16_t format) {
    if (const auto* text = std::get_if<std::string>(&cell)) return *text;
    const std::int64_t number = std::get<std::int64_t>(cell);
    if (format == 0) return std::to_string(number);
    std::array<std::byte, 8> bytes;
    const auto bits = static_cast<std::uint64_t>(number);
    base::store_be32(bytes.data(), static_cast<std::uint32_t>(bits >> 32));
    base::store_be32(bytes.data() + 4, static_cast<std::uint32_t>(bits));
    return std::string(base::as_text(bytes));
}

}  // namespace

Answer Answer::refused(std::string_view sqlstate, std::string message, std::string hint) {
    Answer answer;
    answer.error.emplace();
    answer.error->sqlstate = sqlstate;
    answer.error->message = std::move(message);
    answer.error->hint = std::move(hint);
    return answer;
}

void append_row_description(std::string& out, std::span<const Column> columns,
                            const Formats& formats) {
    protocol::MessageWriter writer(out);
    writer.begin(protocol::kRowDescription);
    writer.i16(static_cast<std::int16_t>(columns.size()));
    for (std::size_t i = 0; i < columns.size(); ++i) {
        writer.cstring(columns[i].name);
        writer.i32(0);  // of no table
        writer.i16(0);
        writer.i32(columns[i].number ? kInt8Oid : kTextOid);
        writer.i16(columns[i].number ? 8 : -1);
        writer.i32(-1);  // no type modifier
        writer.i16(format_of(formats, i));
    }
    PGS_CHECK(writer.end().has_value());
}

void append_row(std::string& out, const Row& row, const Formats& formats) {
    protocol::MessageWriter writer(out);
    writer.begin(protocol::kDataRow);
    writer.i16(static_cast<std::int16_t>(row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) {
        if (std::holds_alternative<std::monostate>(row[i])) {
            writer.i32(-1);
            continue;
        }
        const std::string value = encoded(row[i], format_of(formats, i));
        writer.i32(static_cast<std::int32_t>(value.size()));
        writer.text(value);
    }
    PGS_CHECK(writer.end().has_value());
}

}  // namespace pgsidecar::proxy::admin
