#include "audit/spool_text.hpp"

#include <charconv>

namespace pgsidecar::audit {
namespace {

void append_escaped(std::string& out, std::string_view field) {
    for (const char c : field) {
        switch (c) {
            case '\\': out += "\\\\"; break;
            case '\t': out += "\\t"; break;
            case '\n': out += "\\n"; break;
            default: out += c;
        }
    }
}

std::optional<char> unescaped(char c) {
    switch (c) {
        case '\\': return '\\';
        case 't': return '\t';
        case 'n': return '\n';
        default: return std::nullopt;
    }
}

}  // namespace

std::string to_spool_text(const SpoolLines& lines) {
    std::string out;
    for (const auto& line : lines) {
        for (const auto& field : line) {
            append_escaped(out, field);
            out += '\t';
        }
        out += '\n';
    }
    return out;
}

std::optional<SpoolLines> spool_lines_from(std::string_view text) {
    SpoolLines lines;
    std::vector<std::string> line;
    std::string field;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const char c = text[at];
        if (c == '\t') {
            line.push_back(std::move(field));
            field.clear();
        } else if (c == '\n') {
            if (!field.empty()) return std::nullopt;
            lines.push_back(std::move(line));
            line.clear();
        } else if (c == '\\') {
            const auto plain = ++at < text.size() ? unescaped(text[at]) : std::nullopt;
            if (!plain) return std::nullopt;
            field += *plain;
        } else {
            field += c;
        }
    }
    if (!field.empty() || !line.empty()) return std::nullopt;
    return lines;
}

std::string to_spool_text(const std::vector<std::uint32_t>& types) {
    std::string out;
    for (const auto type : types) {
        if (!out.empty()) out += ',';
        out += std::to_string(type);
    }
    return out;
}

std::optional<std::vector<std::uint32_t>> spool_types_from(std::string_view text) {
    std::vector<std::uint32_t> types;
    const char* at = text.data();
    const char* const end = at + text.size();
    while (at != end) {
        std::uint32_t type = 0;
        const auto [rest, error] = std::from_chars(at, end, type);
        if (error != std::errc{} || (rest != end && (*rest != ',' || rest + 1 == end)))
            return std::nullopt;
        types.push_back(type);
        at = rest == end ? end : rest + 1;
    }
    return types;
}

std::int64_t spool_number(model::OutageClass outage_class) {
    switch (outage_class) {
        case model::OutageClass::Durable: return 1;
        case model::OutageClass::Queue: return 2;
        case model::OutageClass::Buffer: return 3;
        case model::OutageClass::Hold:
        case model::OutageClass::Reject: break;
    }
    return 0;
}

std::optional<model::OutageClass> spool_class_from(std::int64_t number) {
    switch (number) {
        case 1: return model::OutageClass::Durable;
        case 2: return model::OutageClass::Queue;
        case 3: return model::OutageClass::Buffer;
        default: return std::nullopt;
    }
}

}  // namespace pgsidecar::audit
