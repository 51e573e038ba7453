#include "protocol/messages/frontend_rewrite.hpp"

#include <cstdint>

#include "base/assert.hpp"
#include "protocol/messages/frontend_decode.hpp"
#include "protocol/messages/message_types.hpp"
#include "protocol/messages/protocol_errc.hpp"

namespace pgsidecar::protocol {
namespace {

base::Result<void> append_target(std::string& out, char type, std::string_view name,
                                 TargetKind kind = TargetKind::Statement) {
    MessageWriter writer(out);
    writer.begin(type);
    writer.u8(static_cast<std::uint8_t>(kind));
    writer.cstring(name);
    return writer.end();
}

}  // namespace

base::Result<std::string_view> statement_name_of(const Frame& frame) {
    if (!frame.first) return make_error_code(ProtocolErrc::UnexpectedMessage);
    switch (frame.type) {
        case kParse: {
            auto name = base::ByteReader(frame.payload).cstring();
            if (!name) return make_error_code(ProtocolErrc::MessageTruncated);
            return *name;
        }
        case kBind: {
            auto bind = decode_bind_head(frame.payload);
            if (!bind) return bind.error();
            return bind->statement;
        }
        case kDescribe:
        case kClose: {
            auto target = decode_target(frame.payload);
            if (!target) return target.error();
            if (target->kind != TargetKind::Statement)
                return make_error_code(ProtocolErrc::InvalidField);
            return target->name;
        }
        default: return make_error_code(ProtocolErrc::UnexpectedMessage);
    }
}

base::Result<base::Bytes> append_renamed(std::string& out, const Frame& frame,
                                         std::string_view old_name, std::string_view new_name,
                                         std::size_t max_length) {
    if (new_name.find('\0') != std::string_view::npos)
        return make_error_code(ProtocolErrc::EmbeddedZero);
    std::string_view payload = base::as_text(frame.payload);
    PGS_ASSERT(frame.first && old_name.data() >= payload.data() &&
               old_name.data() + old_name.size() < payload.data() + payload.size());
    auto before = static_cast<std::size_t>(old_name.data() - payload.data());
    std::uint64_t length =
        std::uint64_t{4} + frame.payload_length - old_name.size() + new_name.size();
    if (length > max_length || length > kMaxMessageLength)
        return make_error_code(ProtocolErrc::MessageTooLong);

    std::byte word[4];
    base::store_be32(word, static_cast<std::uint32_t>(length));
    out.push_back(frame.type);
    out.append(base::as_text(word));
    out.append(payload.substr(0, before));
    out.append(new_name);
    return frame.payload.subspan(before + old_name.size());
}

base::Result<void> append_parse(std::string& out, std::string_view name, std::string_view text,
                                base::Bytes types) {
    std::size_t count = types.size() / 4;
    if (types.size() % 4 != 0 || count > 0xffff) return make_error_code(ProtocolErrc::InvalidField);
    MessageWriter writer(out);
    writer.begin(kParse);
    writer.cstring(name);
    writer.cstring(text);
    writer.i16(static_cast<std::int16_t>(count));
    writer.bytes(types);
    return writer.end();
}

base::Result<void> append_command(std::string& out, std::string_view name, std::string_view text) {
    if (auto parsed = append_parse(out, name, text, {}); !parsed) return parsed;
    MessageWriter bind(out);
    bind.begin(kBind);
    bind.cstring(name);
    bind.cstring(name);
    for (int formats_values_results = 0; formats_values_results < 3; ++formats_values_results)
        bind.i16(0);
    if (auto done = bind.end(); !done) return done;
    MessageWriter execute(out);
    execute.begin(kExecute);
    execute.cstring(name);
    execute.i32(0);
    if (auto done = execute.end(); !done) return done;
    if (auto done = append_target(out, kClose, name, TargetKind::Portal); !done) return done;
    return append_target(out, kClose, name);
}

base::Result<void> append_describe_statement(std::string& out, std::string_view name) {
    return append_target(out, kDescribe, name);
}

base::Result<void> append_close_statement(std::string& out, std::string_view name) {
    return append_target(out, kClose, name);
}

}  // namespace pgsidecar::protocol
