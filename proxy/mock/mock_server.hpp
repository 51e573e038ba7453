#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "base/random.hpp"
#include "protocol/framing/frame_reader.hpp"
#include "protocol/startup/startup_packet.hpp"
#include "proxy/mock/connection.hpp"
#include "proxy/mock/copy_counter.hpp"
#include "proxy/mock/outline.hpp"
#include "proxy/mock/statement_check.hpp"

namespace pgsidecar::proxy::mock {

/// Mode mock's end of one connection (R29): speaks protocol 3 as PostgreSQL 15 does, reads every
/// statement, lets it succeed and keeps nothing.
///
/// Sans-I/O: bytes of a client in, bytes of a server out. Thread: its owner's. Memory: one message
/// of at most kMaxMessageBytes, what Kept allows, and one result; see the limits in executor.hpp.
class MockServer {
public:
    static constexpr std::uint32_t kMaxMessageBytes = 16U << 20;

    /// pid: what pg_backend_pid() says. The others outlive it.
    MockServer(StatementCheck& check, TableBook& tables, base::Entropy& entropy, std::int32_t pid);
    ~MockServer();

    void feed(base::Bytes bytes);
    /// Bytes fed and not yet looked at.
    std::size_t unread() const { return in_.size() - in_at_; }
    /// Appends answers until out holds that many bytes, the input is used up, or it is another's
    /// turn.
    void work(std::string& out, std::size_t enough, const base::Now& now);
    /// work() would do more.
    bool has_work() const { return !hung_up_ && progress_; }
    /// It has nothing more to say and closes.
    bool hung_up() const { return hung_up_; }

private:
    struct Simple;  // a Query whose statements are being run
    struct CopyIn;  // COPY data is being taken

    bool step(std::string& out, const base::Now& now);
    bool start_up(std::string& out, const base::Now& now);
    void log_in(const protocol::StartupMessage& message, std::string& out);
    void hang_up(std::string& out, std::string_view sqlstate, std::string message);
    void on_frame(const protocol::Frame& frame, std::string& out, const base::Now& now);
    void on_too_long(char type, std::string& out);
    void on_copy_frame(const protocol::Frame& frame, std::string& out);
    void on_message(char type, base::Bytes payload, std::string& out, const base::Now& now);

    void on_query(base::Bytes payload, std::string& out);
    void next_simple(std::string& out);
    void on_parse(base::Bytes payload, std::string& out);
    void on_bind(base::Bytes payload, std::string& out);
    void on_describe(base::Bytes payload, std::string& out);
    void describe_statement_named(std::string_view name, std::string& out);
    void on_execute(base::Bytes payload, std::string& out);
    void on_close(base::Bytes payload, std::string& out);

    /// The rows and the end of a result; portal: of the extended protocol, with its row limit.
    void send_result(Result& result, std::string& out);
    void send_portal(Portal& portal, std::int32_t max_rows, std::string& out);
    void begin_copy(const Result& result, std::string& out);
    void end_copy_out(const Result& result, std::string& out);
    void fail(const LocalError& error, std::string& out);
    void fail(std::string_view sqlstate, std::string message, std::string& out);
    void report_settings(std::string& out);
    void ready(std::string& out);
    void begin_exchange(const base::Now& now);

    StatementCheck& check_;
    Connection connection_;
    protocol::FrameReader reader_;
    std::string in_;
    std::size_t in_at_ = 0;
    std::map<std::string, std::string, std::less<>> told_;  ///< settings as last reported
    std::unique_ptr<Simple> simple_;
    std::unique_ptr<CopyIn> copy_;
    bool progress_ = false;  ///< the last work() stopped early
    bool started_ = false, hung_up_ = false;
    bool skipping_ = false;  ///< an error of the extended protocol: up to the next Sync
    bool dropping_ = false;  ///< pieces of a message that was too long
    bool in_exchange_ = false;
};

}  // namespace pgsidecar::proxy::mock
