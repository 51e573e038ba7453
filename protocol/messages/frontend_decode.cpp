#include "protocol/messages/frontend_decode.hpp"

#include "protocol/messages/protocol_errc.hpp"

namespace pgsidecar::protocol {
namespace {

std::error_code end_of(const base::ByteReader& reader) {
    if (!reader.ok()) return ProtocolErrc::MessageTruncated;
    if (!reader.at_end()) return ProtocolErrc::TrailingBytes;
    return {};
}

base::Result<std::string_view> decode_single_text(base::Bytes payload) {
    base::ByteReader reader(payload);
    auto text = reader.cstring();
    if (auto error = end_of(reader)) return error;
    return *text;
}

}  // namespace

base::Result<std::string_view> decode_query(base::Bytes payload) {
    return decode_single_text(payload);
}

base::Result<ParseView> decode_parse(base::Bytes payload) {
    base::ByteReader reader(payload);
    auto name = reader.cstring();
    auto query = reader.cstring();
    auto raw_count = reader.i16();
    if (!raw_count) return make_error_code(ProtocolErrc::MessageTruncated);
    // PostgreSQL reads the count unsigned.
    auto count = static_cast<std::uint16_t>(*raw_count);
    auto types = reader.bytes(std::size_t{count} * 4);
    if (auto error = end_of(reader)) return error;
    return ParseView{*name, *query, count, *types};
}

base::Result<ParseHead> decode_parse_head(base::Bytes part) {
    base::ByteReader reader(part);
    auto name = reader.cstring();
    if (!name) return make_error_code(ProtocolErrc::MessageTruncated);
    std::string_view rest = base::as_text(part).substr(name->size() + 1);
    std::size_t end = rest.find('\0');
    return ParseHead{*name, rest.substr(0, end), end != std::string_view::npos};
}

base::Result<BindHead> decode_bind_head(base::Bytes part) {
    base::ByteReader reader(part);
    auto portal = reader.cstring();
    auto statement = reader.cstring();
    if (!statement) return make_error_code(ProtocolErrc::MessageTruncated);
    return BindHead{*portal, *statement, part.size() - reader.remaining()};
}

base::Result<BindView> decode_bind(base::Bytes payload) {
    auto head = decode_bind_head(payload);
    if (!head) return head.error();
    base::ByteReader reader(payload.subspan(head->size));
    auto formats = static_cast<std::uint16_t>(reader.i16().value_or(0));
    reader.bytes(std::size_t{formats} * 2);
    auto count = static_cast<std::uint16_t>(reader.i16().value_or(0));
    for (std::uint16_t i = 0; i < count && reader.ok(); ++i) {
        std::int32_t length = reader.i32().value_or(0);
        if (length < -1) return make_error_code(ProtocolErrc::InvalidField);
        if (length > 0) reader.bytes(static_cast<std::size_t>(length));
    }
    std::size_t size = payload.size() - head->size - reader.remaining();
    auto results = static_cast<std::uint16_t>(reader.i16().value_or(0));
    reader.bytes(std::size_t{results} * 2);
    if (auto error = end_of(reader)) return error;
    return BindView{head->portal, head->statement, payload.subspan(head->size, size), count};
}

base::Result<TargetView> decode_target(base::Bytes payload) {
    base::ByteReader reader(payload);
    auto kind = reader.u8();
    auto name = reader.cstring();
    if (auto error = end_of(reader)) return error;
    if (*kind != 'S' && *kind != 'P') return make_error_code(ProtocolErrc::InvalidField);
    return TargetView{static_cast<TargetKind>(*kind), *name};
}

base::Result<ExecuteView> decode_execute(base::Bytes payload) {
    base::ByteReader reader(payload);
    auto portal = reader.cstring();
    auto max_rows = reader.i32();
    if (auto error = end_of(reader)) return error;
    return ExecuteView{*portal, *max_rows};
}

base::Result<std::string_view> decode_password(base::Bytes payload) {
    return decode_single_text(payload);
}

base::Result<SaslInitialResponseView> decode_sasl_initial_response(base::Bytes payload) {
    base::ByteReader reader(payload);
    auto mechanism = reader.cstring();
    auto length = reader.i32();
    if (!length) return make_error_code(ProtocolErrc::MessageTruncated);
    if (*length < -1) return make_error_code(ProtocolErrc::InvalidField);
    SaslInitialResponseView view{*mechanism, std::nullopt};
    if (*length >= 0) {
        auto response = reader.bytes(static_cast<std::size_t>(*length));
        if (response) view.response = base::as_text(*response);
    }
    if (auto error = end_of(reader)) return error;
    return view;
}

}  // namespace pgsidecar::protocol
