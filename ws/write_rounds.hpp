#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <vector>

namespace pgsidecar::ws {

/// Who has something to write, gathered, so that many publications in a short time cost a socket
/// one system call and not one each.
///
/// The first round begins at once, the next no sooner than an interval later. Other work of the
/// thread comes in between when a round is long. Thread: HTTP.
class WriteRounds {
public:
    class Member {
    public:
        virtual ~Member() = default;
        virtual void write_round() = 0;
    };

    WriteRounds(boost::asio::io_context& context, std::chrono::milliseconds interval)
        : context_(context), timer_(context), interval_(interval) {}

    void set_interval(std::chrono::milliseconds interval) { interval_ = interval; }
    /// The caller sees to it that a member is in only once.
    void add(std::shared_ptr<Member> member);

private:
    void schedule();
    void begin();
    void step();

    boost::asio::io_context& context_;
    boost::asio::steady_timer timer_;
    std::chrono::steady_clock::duration interval_;
    std::chrono::steady_clock::time_point begun_{};
    std::vector<std::shared_ptr<Member>> next_, round_;
    std::size_t done_ = 0;  ///< of round_
    bool scheduled_ = false;
};

}  // namespace pgsidecar::ws
