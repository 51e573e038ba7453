#include "protocol/messages/backend_decode.hpp"

#include "protocol/messages/protocol_errc.hpp"
#include "protocol/messages/request_codes.hpp"

namespace pgsidecar::protocol {
namespace {

std::string_view* field_for(ErrorFields& fields, std::uint8_t code) {
    switch (code) {
        case 'C': return &fields.sqlstate;
        case 'M': return &fields.message;
        case 'D': return &fields.detail;
        case 'H': return &fields.hint;
        case 'P': return &fields.position;
        case 'p': return &fields.internal_position;
        case 'q': return &fields.internal_query;
        case 'W': return &fields.where;
        case 's': return &fields.schema;
        case 't': return &fields.table;
        case 'c': return &fields.column;
        case 'd': return &fields.data_type;
        case 'n': return &fields.constraint;
        case 'F': return &fields.file;
        case 'L': return &fields.line;
        case 'R': return &fields.routine;
        default: return nullptr;
    }
}

/// The error for a reader after its last field; a good one if all bytes were used.
std::error_code end_of(const base::ByteReader& reader) {
    if (!reader.ok()) return ProtocolErrc::MessageTruncated;
    if (!reader.at_end()) return ProtocolErrc::TrailingBytes;
    return {};
}

std::error_code check_mechanisms(base::Bytes list) {
    base::ByteReader reader(list);
    auto name = reader.cstring();
    while (name && !name->empty()) name = reader.cstring();
    return end_of(reader);
}

std::error_code check_data(AuthenticationKind kind, base::Bytes data) {
    switch (kind) {
        case AuthenticationKind::Sasl: return check_mechanisms(data);
        case AuthenticationKind::SaslContinue:
        case AuthenticationKind::SaslFinal:
        case AuthenticationKind::GssContinue: return {};
        case AuthenticationKind::Md5Password:
            if (data.size() < 4) return ProtocolErrc::MessageTruncated;
            if (data.size() > 4) return ProtocolErrc::TrailingBytes;
            return {};
        case AuthenticationKind::Ok:
        case AuthenticationKind::KerberosV5:
        case AuthenticationKind::CleartextPassword:
        case AuthenticationKind::Gss:
        case AuthenticationKind::Sspi:
            if (!data.empty()) return ProtocolErrc::TrailingBytes;
            return {};
    }
    return ProtocolErrc::AuthMethodUnsupported;
}

}  // namespace

ErrorResponseView decode_error_response(base::Bytes payload) {
    ErrorResponseView view;
    base::ByteReader reader(payload);
    std::string_view localised_severity;
    while (true) {
        auto code = reader.u8();
        if (!code || *code == 0) {
            view.complete = code.has_value() && reader.at_end();
            break;
        }
        auto value = reader.cstring();
        if (!value) {
            view.complete = false;
            break;
        }
        if (*code == 'S') {
            localised_severity = *value;
        } else if (*code == 'V') {
            view.fields.severity = *value;
        } else if (auto* field = field_for(view.fields, *code)) {
            *field = *value;
        }
    }
    if (view.fields.severity.empty()) view.fields.severity = localised_severity;
    return view;
}

base::Result<ParameterStatusView> decode_parameter_status(base::Bytes payload) {
    base::ByteReader reader(payload);
    auto name = reader.cstring();
    auto value = reader.cstring();
    if (auto error = end_of(reader)) return error;
    return ParameterStatusView{*name, *value};
}

base::Result<BackendKeyDataView> decode_backend_key_data(base::Bytes payload) {
    base::ByteReader reader(payload);
    auto pid = reader.i32();
    if (!pid) return make_error_code(ProtocolErrc::MessageTruncated);
    if (reader.remaining() < kMinCancelKey || reader.remaining() > kMaxCancelKey) {
        return make_error_code(ProtocolErrc::CancelKeyLength);
    }
    return BackendKeyDataView{*pid, payload.subspan(4)};
}

base::Result<TransactionStatus> decode_ready_for_query(base::Bytes payload) {
    base::ByteReader reader(payload);
    auto status = reader.u8();
    if (auto error = end_of(reader)) return error;
    if (*status != 'I' && *status != 'T' && *status != 'E') {
        return make_error_code(ProtocolErrc::InvalidField);
    }
    return static_cast<TransactionStatus>(*status);
}

base::Result<CommandTag> decode_command_complete(base::Bytes payload) {
    base::ByteReader reader(payload);
    auto tag = reader.cstring();
    if (auto error = end_of(reader)) return error;
    return parse_command_tag(*tag);
}

base::Result<NegotiateProtocolVersionView> decode_negotiate_protocol_version(base::Bytes payload) {
    base::ByteReader reader(payload);
    auto version = reader.i32();
    auto count = reader.i32();
    if (!count) return make_error_code(ProtocolErrc::MessageTruncated);
    if (*version < 0 || *count < 0) return make_error_code(ProtocolErrc::InvalidField);
    base::Bytes names = payload.subspan(8);
    for (std::int32_t i = 0; i < *count && reader.ok(); ++i) reader.cstring();
    if (auto error = end_of(reader)) return error;
    // The manual says minor version alone; real servers send 3.x in one number.
    return NegotiateProtocolVersionView{*version & 0xffff, static_cast<std::uint32_t>(*count),
                                        names};
}

base::Result<AuthenticationView> decode_authentication(base::Bytes payload) {
    base::ByteReader reader(payload);
    auto code = reader.i32();
    if (!code) return make_error_code(ProtocolErrc::MessageTruncated);
    AuthenticationView view{static_cast<AuthenticationKind>(*code), payload.subspan(4)};
    if (auto error = check_data(view.kind, view.data)) return error;
    return view;
}

bool offers_mechanism(base::Bytes mechanisms, std::string_view name) {
    base::ByteReader reader(mechanisms);
    auto offered = reader.cstring();
    while (offered && !offered->empty()) {
        if (*offered == name) return true;
        offered = reader.cstring();
    }
    return false;
}

}  // namespace pgsidecar::protocol
