#include "tests/support/raw_client.hpp"

#include <openssl/evp.h>

#include <array>
#include <stdexcept>

namespace pgsidecar::test {

namespace {

std::string md5_hex(std::string_view text) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_md5(), nullptr);
    std::string out;
    for (unsigned int i = 0; i < size; ++i) {
        out += "0123456789abcdef"[digest[i] >> 4];
        out += "0123456789abcdef"[digest[i] & 15];
    }
    return out;
}

std::string value_of(const wire::Parameters& parameters, std::string_view name) {
    for (const auto& [n, v] : parameters) {
        if (n == name) return v;
    }
    return {};
}

}  // namespace

bool MessageReader::fill(Socket& socket, std::size_t bytes, Deadline deadline) {
    while (buffer_.size() < bytes) {
        switch (socket.read_some(buffer_, 65536, deadline)) {
            case ReadOutcome::Data: break;
            case ReadOutcome::TimedOut: throw std::runtime_error("no message before the deadline");
            default: return false;
        }
    }
    return true;
}

std::optional<wire::Message> MessageReader::next(Socket& socket, Deadline deadline) {
    if (!fill(socket, 5, deadline)) return std::nullopt;
    std::size_t length = wire::load32(std::string_view(buffer_).substr(1));
    if (length < 4) throw std::runtime_error("a message with length " + std::to_string(length));
    if (!fill(socket, length + 1, deadline)) return std::nullopt;
    wire::Message m{buffer_[0], buffer_.substr(5, length - 4)};
    buffer_.erase(0, length + 1);
    return m;
}

std::optional<std::string> MessageReader::next_packet(Socket& socket, Deadline deadline) {
    if (!fill(socket, 4, deadline)) return std::nullopt;
    std::size_t length = wire::load32(buffer_);
    if (length < 4 || !fill(socket, length, deadline)) return std::nullopt;
    std::string body = buffer_.substr(4, length - 4);
    buffer_.erase(0, length);
    return body;
}

std::vector<wire::Message> RawClient::read_until(char type, Deadline deadline) {
    std::vector<wire::Message> out;
    while (auto m = read_message(deadline)) {
        out.push_back(std::move(*m));
        if (out.back().type == type) break;
    }
    return out;
}

std::vector<wire::Message> RawClient::read_to_end(Deadline deadline) {
    return read_until('\0', deadline);
}

std::string RawClient::read_bytes(std::size_t n, Deadline deadline) {
    std::string& buffer = reader_.buffer();
    while (buffer.size() < n && socket_.read_some(buffer, n, deadline) == ReadOutcome::Data) {
    }
    std::string out = buffer.substr(0, n);
    buffer.erase(0, out.size());
    return out;
}

bool RawClient::closes(Deadline deadline) {
    std::string discarded;
    while (true) {
        switch (socket_.read_some(discarded, 65536, deadline)) {
            case ReadOutcome::Data: discarded.clear(); break;
            case ReadOutcome::TimedOut: return false;
            default: return true;
        }
    }
}

void RawClient::login(const wire::Parameters& parameters, const std::string& password) {
    send(wire::startup(parameters));
    while (auto m = read_message()) {
        switch (m->type) {
            case 'E': throw std::runtime_error("login refused: " + wire::to_line(*m));
            case 'S': {
                auto end = m->body.find('\0');
                auto value_end = m->body.find('\0', end + 1);
                parameters_.emplace_back(m->body.substr(0, end),
                                         m->body.substr(end + 1, value_end - end - 1));
                break;
            }
            case 'K':
                pid_ = wire::load32(m->body);
                key_ = wire::load32(std::string_view(m->body).substr(4));
                break;
            case 'R': {
                auto code = wire::load32(m->body);
                if (code == 3) send(wire::password(password));
                if (code == 5) {
                    std::string inner = md5_hex(password + value_of(parameters, "user"));
                    send(wire::password("md5" + md5_hex(inner + m->body.substr(4, 4))));
                }
                if (code == 10)
                    throw std::runtime_error("RawClient does not speak SCRAM; use libpq");
                break;
            }
            case 'Z': return;
            default: break;
        }
    }
    throw std::runtime_error("connection closed during login");
}

std::vector<std::string> RawClient::exchange(std::string_view bytes, Deadline deadline) {
    send(bytes, deadline);
    std::vector<std::string> lines;
    for (const auto& m : read_until('Z', deadline)) lines.push_back(wire::to_line(m));
    return lines;
}

wire::Message first_error(const std::vector<wire::Message>& messages) {
    for (const auto& m : messages) {
        if (m.type == 'E') return m;
    }
    return {};
}

}  // namespace pgsidecar::test
