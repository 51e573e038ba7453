#include "proxy/mock/bind_message.hpp"

#include <cstdint>

namespace pgsidecar::proxy::mock {
namespace {

/// Counts are unsigned on the wire, whatever their type says.
std::size_t take_count(base::ByteReader& reader) {
    return static_cast<std::uint16_t>(reader.i16().value_or(0));
}

bool take_formats(base::ByteReader& reader, std::vector<Format>& formats) {
    for (std::size_t left = take_count(reader); left > 0 && reader.ok(); --left) {
        auto code = reader.i16();
        if (!code || *code < 0 || *code > 1) return false;
        formats.push_back(*code == 1 ? Format::Binary : Format::Text);
    }
    return reader.ok();
}

}  // namespace

std::optional<BindMessage> decode_bind(base::Bytes payload) {
    base::ByteReader reader(payload);
    BindMessage bind;
    bind.portal = reader.cstring().value_or("");
    bind.statement = reader.cstring().value_or("");
    if (!reader.ok() || !take_formats(reader, bind.formats)) return std::nullopt;
    for (std::size_t left = take_count(reader); left > 0 && reader.ok(); --left) {
        auto length = reader.i32();
        if (!length || *length < -1) return std::nullopt;
        if (*length == -1) {
            bind.values.emplace_back();
        } else if (auto bytes = reader.bytes(static_cast<std::size_t>(*length))) {
            bind.values.emplace_back(base::as_text(*bytes));
        }
    }
    if (!reader.ok() || !take_formats(reader, bind.result_formats)) return std::nullopt;
    bool formats_fit = bind.formats.size() <= 1 || bind.formats.size() == bind.values.size();
    if (!reader.at_end() || !formats_fit) return std::nullopt;
    return bind;
}

}  // namespace pgsidecar::proxy::mock
