// Many clients in one thread, each with one INSERT outstanding; prints one JSON object.
// bench/outage compiles and runs it.
//
//   write_load PORT CONNECTIONS SECONDS simple|extended|prepared BYTES FIRST_CLIENT
//
// BYTES is the size of an INSERT: of its text, or of its text and parameters together.

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <list>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
enum class Protocol { Simple, Extended, Prepared };

constexpr const char* kInsert =
    "insert into audit_logs (client, number, payload) values ($1, $2, $3)";
constexpr const char* kName = "write";

std::string be16(std::size_t n) {
    return {static_cast<char>(n >> 8 & 0xff), static_cast<char>(n & 0xff)};
}
std::string be32(std::size_t n) { return be16(n >> 16) + be16(n & 0xffff); }
std::string cstr(std::string_view text) { return std::string(text) + '\0'; }
std::string message(char type, const std::string& body) {
    return type + be32(body.size() + 4) + body;
}
std::string startup() {
    std::string body =
        be32(196608) + cstr("user") + cstr("bench") + cstr("database") + cstr("bench") + '\0';
    return be32(body.size() + 4) + body;
}
std::string bind(const std::string& statement, const std::vector<std::string>& values) {
    std::string body = cstr("") + cstr(statement) + be16(0) + be16(values.size());
    for (const auto& value : values) body += be32(value.size()) + value;
    return message('B', body + be16(0));
}

/// The bytes of one INSERT as a driver sends it.
class Writes {
public:
    Writes(Protocol protocol, std::size_t bytes) : protocol_(protocol), bytes_(bytes) {}

    /// What a connection sends once, before its first INSERT.
    std::string prologue() const {
        if (protocol_ != Protocol::Prepared) return {};
        return message('P', cstr(kName) + cstr(kInsert) + be16(0)) + message('S', {});
    }
    std::string insert(int client, std::uint64_t number) const {
        std::string a = std::to_string(client), b = std::to_string(number);
        if (protocol_ == Protocol::Simple) {
            std::string head =
                "insert into audit_logs (client, number, payload) values (" + a + ", " + b + ", '";
            return message('Q', cstr(head + fill(head.size() + 2) + "')"));
        }
        std::string parameters = fill(std::strlen(kInsert) + a.size() + b.size());
        std::string parse =
            protocol_ == Protocol::Extended ? message('P', cstr("") + cstr(kInsert) + be16(0)) : "";
        return parse + bind(protocol_ == Protocol::Extended ? "" : kName, {a, b, parameters}) +
               message('E', cstr("") + be32(0)) + message('S', {});
    }

private:
    std::string fill(std::size_t rest) const {
        return std::string(bytes_ > rest ? bytes_ - rest : 1, 'x');
    }

    Protocol protocol_;
    std::size_t bytes_;
};

struct Result {
    std::uint64_t acknowledged = 0, errors = 0, wire_bytes = 0;
    std::vector<std::uint32_t> latencies_us;
    std::string first_error;
};

/// One client: sends the next INSERT when the last one is answered.
class Client {
public:
    Client(int port, int number, const Writes& writes, Result& result)
        : number_(number), writes_(writes), result_(result) {
        fd_ = ::socket(AF_INET, SOCK_STREAM, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(static_cast<std::uint16_t>(port));
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
            throw std::runtime_error("cannot connect to port " + std::to_string(port));
        int on = 1;
        ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        send(startup());
        wait_until_ready();
        if (std::string more = writes.prologue(); !more.empty()) {
            send(more);
            wait_until_ready();
        }
    }
    ~Client() { ::close(fd_); }
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    int fd() const { return fd_; }

    void begin() {
        std::string bytes = writes_.insert(number_, ++written_);
        result_.wire_bytes += bytes.size();
        began_ = Clock::now();
        outstanding_ = true;
        complete_ = false;
        send(bytes);
    }

    /// Reads what is there; true when the outstanding INSERT has been answered.
    bool read() {
        char chunk[16384];
        ssize_t n = ::recv(fd_, chunk, sizeof chunk, MSG_DONTWAIT);
        if (n < 0 && (errno == EAGAIN || errno == EINTR)) return false;
        if (n <= 0)
            throw std::runtime_error("the proxy closed a connection; " + result_.first_error);
        in_.append(chunk, static_cast<std::size_t>(n));
        bool ready = false;
        std::size_t at = 0;
        while (in_.size() - at >= 5) {
            std::uint32_t length = 0;
            std::memcpy(&length, in_.data() + at + 1, 4);
            length = ntohl(length);
            if (in_.size() - at < length + 1) break;
            ready |= take(in_[at], std::string_view(in_).substr(at + 5, length - 4));
            at += length + 1;
        }
        in_.erase(0, at);
        return ready;
    }

private:
    bool take(char type, std::string_view body) {
        if (type == 'C') complete_ = true;
        if (type == 'E') {
            ++result_.errors;
            complete_ = false;
            if (result_.first_error.empty()) result_.first_error = words(body);
        }
        if (type != 'Z') return false;
        if (outstanding_ && complete_) {
            auto took =
                std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - began_);
            result_.latencies_us.push_back(static_cast<std::uint32_t>(took.count()));
            ++result_.acknowledged;
        }
        outstanding_ = false;
        return true;
    }

    static std::string words(std::string_view fields) {
        std::string text;
        while (fields.size() > 1) {
            std::size_t end = fields.find('\0');
            if (fields[0] == 'C' || fields[0] == 'M')
                text += std::string(fields.substr(1, end - 1)) + " ";
            fields.remove_prefix(std::min(end, fields.size() - 1) + 1);
        }
        return text;
    }

    void send(std::string_view bytes) {
        // An INSERT fits the socket's buffer, which is empty when the last answer is there.
        if (::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL) !=
            static_cast<ssize_t>(bytes.size()))
            throw std::runtime_error("cannot send; " + result_.first_error);
    }

    void wait_until_ready() {
        std::uint64_t errors = result_.errors;
        pollfd readable{fd_, POLLIN, 0};
        do {
            if (::poll(&readable, 1, 30'000) != 1)
                throw std::runtime_error("no answer to a login or Parse");
        } while (!read());
        if (result_.errors > errors) throw std::runtime_error("refused: " + result_.first_error);
    }

    int fd_ = -1, number_;
    const Writes& writes_;
    Result& result_;
    std::string in_;
    std::uint64_t written_ = 0;
    bool outstanding_ = false, complete_ = false;
    Clock::time_point began_;
};

/// Seconds that it took, until the last answer.
double load(std::list<Client>& clients, double seconds) {
    int poll = ::epoll_create1(0);
    for (Client& client : clients) {
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.ptr = &client;
        ::epoll_ctl(poll, EPOLL_CTL_ADD, client.fd(), &event);
    }
    auto began = Clock::now();
    auto end =
        began + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
    for (Client& client : clients) client.begin();
    std::size_t outstanding = clients.size();
    std::vector<epoll_event> events(clients.size());
    while (outstanding > 0) {
        int n = ::epoll_wait(poll, events.data(), static_cast<int>(events.size()), 30'000);
        if (n <= 0) throw std::runtime_error("no answer for 30 seconds");
        for (int i = 0; i < n; ++i) {
            auto* client = static_cast<Client*>(events[static_cast<std::size_t>(i)].data.ptr);
            if (!client->read()) continue;
            if (Clock::now() < end)
                client->begin();
            else
                --outstanding;
        }
    }
    ::close(poll);
    return std::chrono::duration<double>(Clock::now() - began).count();
}

double percentile_ms(const std::vector<std::uint32_t>& sorted, double share) {
    if (sorted.empty()) return 0;
    auto at = static_cast<std::size_t>(share * static_cast<double>(sorted.size() - 1));
    return sorted[at] / 1000.0;
}

std::string json_text(const std::string& text) {
    std::string out;
    for (char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        if (static_cast<unsigned char>(c) >= 0x20) out += c;
    }
    return out;
}

Protocol protocol_of(const std::string& name) {
    if (name == "simple") return Protocol::Simple;
    if (name == "extended") return Protocol::Extended;
    if (name == "prepared") return Protocol::Prepared;
    throw std::runtime_error("unknown protocol " + name);
}

void run(char** argv) {
    Writes writes(protocol_of(argv[4]), static_cast<std::size_t>(std::atoi(argv[5])));
    Result result;
    result.latencies_us.reserve(4'000'000);
    std::list<Client> clients;
    for (int i = 0; i < std::atoi(argv[2]); ++i)
        clients.emplace_back(std::atoi(argv[1]), std::atoi(argv[6]) + i, writes, result);
    double took = load(clients, std::atof(argv[3]));
    std::ranges::sort(result.latencies_us);
    const auto& l = result.latencies_us;
    std::printf(
        "{\"acknowledged\": %llu, \"errors\": %llu, \"seconds\": %.6f, \"per_second\": %.1f, "
        "\"p50_ms\": %.3f, \"p99_ms\": %.3f, \"max_ms\": %.3f, \"wire_bytes\": %llu, "
        "\"first_error\": \"%s\"}\n",
        static_cast<unsigned long long>(result.acknowledged),
        static_cast<unsigned long long>(result.errors), took,
        static_cast<double>(result.acknowledged) / took, percentile_ms(l, 0.50),
        percentile_ms(l, 0.99), percentile_ms(l, 1.0),
        static_cast<unsigned long long>(result.wire_bytes), json_text(result.first_error).c_str());
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 7) {
        std::fprintf(stderr,
                     "usage: write_load PORT CONNECTIONS SECONDS PROTOCOL BYTES FIRST_CLIENT\n");
        return 2;
    }
    try {
        run(argv);
        return 0;
    } catch (const std::exception& e) {
        std::fprintf(stderr, "write_load: %s\n", e.what());
        return 1;
    }
}
