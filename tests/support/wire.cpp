#include "tests/support/wire.hpp"

namespace pgsidecar::test::wire {

std::string be16(int value) {
    auto v = static_cast<std::uint16_t>(value);
    return {static_cast<char>(v >> 8), static_cast<char>(v & 0xff)};
}

std::string be32(std::uint32_t value) {
    return {static_cast<char>(value >> 24), static_cast<char>((value >> 16) & 0xff),
            static_cast<char>((value >> 8) & 0xff), static_cast<char>(value & 0xff)};
}

std::string cstr(std::string_view text) { return std::string(text) + '\0'; }

std::string message(char type, std::string_view body) {
    return message_claiming(type, static_cast<std::uint32_t>(body.size() + 4), body);
}

std::string message_claiming(char type, std::uint32_t length, std::string_view body) {
    return type + be32(length) + std::string(body);
}

std::string packet(std::uint32_t code, std::string_view rest) {
    return be32(static_cast<std::uint32_t>(rest.size() + 8)) + be32(code) + std::string(rest);
}

std::string startup(const Parameters& parameters, std::uint32_t version) {
    std::string body;
    for (const auto& [name, value] : parameters) body += cstr(name) + cstr(value);
    return packet(version, body + '\0');
}

std::string cancel_request(std::uint32_t pid, std::uint32_t key) {
    return packet(kCancelRequest, be32(pid) + be32(key));
}

std::string password(std::string_view text) { return message('p', cstr(text)); }
std::string query(std::string_view sql) { return message('Q', cstr(sql)); }

std::string parse(std::string_view name, std::string_view sql) {
    return message('P', cstr(name) + cstr(sql) + be16(0));
}

std::string bind(std::string_view portal, std::string_view statement,
                 const std::vector<std::optional<std::string>>& text_parameters) {
    std::string body = cstr(portal) + cstr(statement) + be16(0);
    body += be16(static_cast<int>(text_parameters.size()));
    for (const auto& p : text_parameters) {
        body += p ? be32(static_cast<std::uint32_t>(p->size())) + *p : be32(0xffffffff);
    }
    return message('B', body + be16(0));
}

std::string describe(char kind, std::string_view name) { return message('D', kind + cstr(name)); }
std::string close(char kind, std::string_view name) { return message('C', kind + cstr(name)); }
std::string execute(std::string_view portal, std::uint32_t max_rows) {
    return message('E', cstr(portal) + be32(max_rows));
}
std::string sync() { return message('S'); }
std::string flush() { return message('H'); }
std::string terminate() { return message('X'); }
std::string copy_data(std::string_view data) { return message('d', data); }
std::string copy_done() { return message('c'); }
std::string copy_fail(std::string_view reason) { return message('f', cstr(reason)); }

std::string function_call(std::uint32_t oid, const std::vector<std::string>& text_arguments) {
    std::string body = be32(oid) + be16(0) + be16(static_cast<int>(text_arguments.size()));
    for (const auto& a : text_arguments) body += be32(static_cast<std::uint32_t>(a.size())) + a;
    return message('F', body + be16(0));
}

std::string auth(std::uint32_t code, std::string_view rest) {
    return message('R', be32(code) + std::string(rest));
}
std::string auth_ok() { return auth(0); }

std::string parameter_status(std::string_view name, std::string_view value) {
    return message('S', cstr(name) + cstr(value));
}

std::string backend_key_data(std::uint32_t pid, std::uint32_t key) {
    return message('K', be32(pid) + be32(key));
}

std::string ready(char status) { return message('Z', std::string(1, status)); }

std::string error(std::string_view sqlstate, std::string_view text, std::string_view severity) {
    std::string body = 'S' + cstr(severity) + 'V' + cstr(severity);
    if (!sqlstate.empty()) body += 'C' + cstr(sqlstate);
    return message('E', body + 'M' + cstr(text) + '\0');
}

std::string row_description(const std::vector<std::string>& text_columns) {
    std::string body = be16(static_cast<int>(text_columns.size()));
    for (const auto& name : text_columns) {
        body += cstr(name) + be32(0) + be16(0) + be32(25) + be16(-1) + be32(0xffffffff) + be16(0);
    }
    return message('T', body);
}

std::string data_row(const std::vector<std::optional<std::string>>& values) {
    std::string body = be16(static_cast<int>(values.size()));
    for (const auto& v : values) {
        body += v ? be32(static_cast<std::uint32_t>(v->size())) + *v : be32(0xffffffff);
    }
    return message('D', body);
}

std::string command_complete(std::string_view tag) { return message('C', cstr(tag)); }

std::uint32_t load32(std::string_view at) {
    std::uint32_t v = 0;
    for (std::size_t i = 0; i < 4 && i < at.size(); ++i)
        v = v << 8 | static_cast<unsigned char>(at[i]);
    return v;
}

std::string field(const Message& m, char code) {
    std::size_t at = 0;
    while (at < m.body.size() && m.body[at] != '\0') {
        std::size_t end = m.body.find('\0', at + 1);
        if (end == std::string::npos) break;
        if (m.body[at] == code) return m.body.substr(at + 1, end - at - 1);
        at = end + 1;
    }
    return {};
}

namespace {

std::string fields_line(const Message& m) {
    std::string out;
    std::size_t at = 0;
    while (at < m.body.size() && m.body[at] != '\0') {
        std::size_t end = m.body.find('\0', at + 1);
        if (end == std::string::npos) break;
        // L is the server's source line: kept, both ways lead to the same server.
        out += " " + m.body.substr(at, end - at);
        at = end + 1;
    }
    return out;
}

std::string printable(std::string_view bytes) {
    constexpr std::string_view kHex = "0123456789abcdef";
    std::string out;
    for (char c : bytes.substr(0, 200)) {
        auto u = static_cast<unsigned char>(c);
        if (u >= 0x20 && u < 0x7f) {
            out += c;
        } else {
            out += {'\\', 'x', kHex[u >> 4], kHex[u & 15]};
        }
    }
    if (bytes.size() > 200) out += "...(" + std::to_string(bytes.size()) + " bytes)";
    return out;
}

}  // namespace

std::string to_line(const Message& m) {
    std::string type(1, m.type);
    if (m.type == 'K') return "K";
    if (m.type == 'E' || m.type == 'N') return type + fields_line(m);
    // A notification carries the sender's process id.
    if (m.type == 'A')
        return "A " +
               printable(std::string_view(m.body).substr(std::min<std::size_t>(4, m.body.size())));
    return m.body.empty() ? type : type + " " + printable(m.body);
}

}  // namespace pgsidecar::test::wire
