#include "proxy/mock/reply_writer.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "protocol/messages/backend_encode.hpp"
#include "protocol/messages/message_types.hpp"
#include "protocol/messages/message_writer.hpp"

namespace pgsidecar::proxy::mock {
namespace {

using protocol::MessageWriter;

// Nothing here is near 2 GB, and names are cut at a zero byte.
void finish(MessageWriter& writer) { PGS_CHECK(writer.end().has_value()); }

Format format_of(const Portal* formats, std::size_t column) {
    return formats == nullptr ? Format::Text : formats->format(column);
}

}  // namespace

void append_row_description(std::string& out, const std::vector<Column>& columns,
                            const Portal* formats) {
    MessageWriter writer(out);
    writer.begin(protocol::kRowDescription);
    writer.i16(static_cast<std::int16_t>(columns.size()));
    for (std::size_t i = 0; i < columns.size(); ++i) {
        writer.cstring(protocol::until_zero(columns[i].name));
        writer.i32(0);  // of no table
        writer.i16(0);
        writer.i32(static_cast<std::int32_t>(columns[i].type));
        writer.i16(length_of(columns[i].type));
        writer.i32(-1);  // no type modifier
        writer.i16(static_cast<std::int16_t>(format_of(formats, i)));
    }
    finish(writer);
}

void append_parameter_description(std::string& out, const std::vector<Oid>& types) {
    MessageWriter writer(out);
    writer.begin(protocol::kParameterDescription);
    writer.i16(static_cast<std::int16_t>(types.size()));
    for (Oid type : types) writer.i32(static_cast<std::int32_t>(type));
    finish(writer);
}

void append_data_row(std::string& out, const std::vector<Value>& row, const Portal* formats) {
    MessageWriter writer(out);
    writer.begin(protocol::kDataRow);
    writer.i16(static_cast<std::int16_t>(row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) {
        auto field = encode_value(row[i], format_of(formats, i));
        writer.i32(field ? static_cast<std::int32_t>(field->size()) : -1);
        if (field) writer.text(*field);
    }
    finish(writer);
}

void append_copy_response(std::string& out, char type, const Result& result) {
    MessageWriter writer(out);
    writer.begin(type);
    auto format = result.copy_binary ? Format::Binary : Format::Text;
    writer.u8(static_cast<std::uint8_t>(format));
    writer.i16(static_cast<std::int16_t>(result.copy_columns));
    for (std::size_t i = 0; i < result.copy_columns; ++i)
        writer.i16(static_cast<std::int16_t>(format));
    finish(writer);
}

void append_copy_data(std::string& out, std::string_view data) {
    MessageWriter writer(out);
    writer.begin(protocol::kCopyData);
    writer.text(data);
    finish(writer);
}

void append_bare(std::string& out, char type) {
    MessageWriter writer(out);
    writer.begin(type);
    finish(writer);
}

void append_error(std::string& out, const LocalError& error) {
    protocol::append_error_response(out, error.fields());
}

void append_notices(std::string& out, const std::vector<LocalError>& notices) {
    for (const LocalError& notice : notices) protocol::append_notice_response(out, notice.fields());
}

}  // namespace pgsidecar::proxy::mock
