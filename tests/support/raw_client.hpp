#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tests/support/socket.hpp"
#include "tests/support/wire.hpp"

namespace pgsidecar::test {

/// Frames what arrives on a socket into PostgreSQL messages; knows no state, obeys no rule.
class MessageReader {
public:
    /// nullopt when the peer closed or reset; throws std::runtime_error at the deadline or on a
    /// length below 4.
    std::optional<wire::Message> next(Socket& socket, Deadline deadline);
    /// An untyped start-up packet without its length field.
    std::optional<std::string> next_packet(Socket& socket, Deadline deadline);
    std::string& buffer() { return buffer_; }

private:
    bool fill(Socket& socket, std::size_t bytes, Deadline deadline);
    std::string buffer_;
};

/// A client that sends exactly the bytes it is told.
class RawClient {
public:
    explicit RawClient(int port, Deadline deadline = 5s)
        : socket_(Socket::connect_tcp(port, deadline)) {}
    explicit RawClient(Socket socket) : socket_(std::move(socket)) {}

    Socket& socket() { return socket_; }

    /// False when the peer no longer takes bytes, which a hostile script may well cause.
    bool send(std::string_view bytes, Deadline deadline = 10s) {
        return socket_.write_all(bytes, deadline);
    }
    std::optional<wire::Message> read_message(Deadline deadline = 10s) {
        return reader_.next(socket_, deadline);
    }
    /// Messages up to and with the first of `type`; fewer when the peer closes.
    std::vector<wire::Message> read_until(char type, Deadline deadline = 10s);
    /// All until the peer closes or resets; throws at the deadline.
    std::vector<wire::Message> read_to_end(Deadline deadline = 10s);
    /// Exactly n raw bytes or what came before the end.
    std::string read_bytes(std::size_t n, Deadline deadline = 10s);
    /// True when the peer closes or resets before the deadline; what it sent before is thrown away.
    bool closes(Deadline deadline);

    /// Start-up and trust or clear, MD5 password login. Throws with the server's error when
    /// refused.
    void login(const wire::Parameters& parameters, const std::string& password = "");
    std::uint32_t backend_pid() const { return pid_; }
    std::uint32_t cancel_key() const { return key_; }
    const wire::Parameters& server_parameters() const { return parameters_; }

    /// Sends, reads up to the next ReadyForQuery, and gives a line for each message.
    std::vector<std::string> exchange(std::string_view bytes, Deadline deadline = 10s);

private:
    Socket socket_;
    MessageReader reader_;
    wire::Parameters parameters_;
    std::uint32_t pid_ = 0, key_ = 0;
};

/// The first ErrorResponse of `messages`, or one of type 0.
wire::Message first_error(const std::vector<wire::Message>& messages);

}  // namespace pgsidecar::test
