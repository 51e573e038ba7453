#include "app/handover.hpp"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <vector>

#include "app/handover_wire.hpp"

namespace pgsidecar::app {
namespace {

using namespace std::chrono_literals;

struct Pair {
    Pair() { EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()), 0); }
    ~Pair() {
        ::close(ends[0]);
        ::close(ends[1]);
    }
    std::array<int, 2> ends{};
};

int listening() {
    int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(fd, 1), 0);
    return fd;
}

TEST(HandoverWire, SocketsArriveUnderTheirNames) {
    Pair pair;
    base::ListeningSockets sent;
    sent.clients = listening();
    sent.probes = listening();
    ASSERT_TRUE(send_sockets(pair.ends[0], sent));
    base::ListeningSockets got;
    ASSERT_TRUE(receive_sockets(pair.ends[1], 1s, got));
    EXPECT_EQ(base::local_port(got.clients), base::local_port(sent.clients));
    EXPECT_EQ(base::local_port(got.probes), base::local_port(sent.probes));
    EXPECT_NE(got.clients, sent.clients);
    EXPECT_EQ(got.http, -1);
    EXPECT_EQ(got.clients_unix, -1);
    EXPECT_EQ(base::taken_if_port(got.probes, base::local_port(sent.clients)), -1);
    got.probes = -1;
    base::close_sockets(got);
    base::close_sockets(sent);
    EXPECT_EQ(sent.clients, -1);
}

TEST(HandoverWire, WhatIsNoListOfSocketsIsRefused) {
    for (std::string_view line :
         {"SOCKETS \n", "SOCKETS c\n", "SOCKETS", "c\n", "", "SOCKETS cuhpcuhpcuhp\n"}) {
        Pair pair;
        ASSERT_EQ(::send(pair.ends[0], line.data(), line.size(), 0),
                  static_cast<ssize_t>(line.size()));
        ::shutdown(pair.ends[0], SHUT_WR);
        base::ListeningSockets got;
        EXPECT_FALSE(receive_sockets(pair.ends[1], 1s, got)) << line;
        EXPECT_EQ(got.clients, -1);
    }
    Pair silent;
    base::ListeningSockets got;
    EXPECT_FALSE(receive_sockets(silent.ends[1], 10ms, got));
    EXPECT_FALSE(send_sockets(silent.ends[0], got)) << "nothing to send";
}

TEST(HandoverWire, Lines) {
    Pair pair;
    EXPECT_TRUE(send_line(pair.ends[0], kReadyLine));
    EXPECT_EQ(receive_line(pair.ends[1], 1s), kReadyLine);
    EXPECT_EQ(receive_line(pair.ends[1], 10ms), "");
    send_line(pair.ends[0], std::string(500, 'x'));
    EXPECT_EQ(receive_line(pair.ends[1], 1s), "");
}

TEST(HandoverWire, Cancels) {
    auto there_and_back = parse_cancel_line(cancel_line(1'073'741'824, 4'294'967'295u));
    ASSERT_TRUE(there_and_back);
    EXPECT_EQ(there_and_back->first, 1'073'741'824);
    EXPECT_EQ(there_and_back->second, 4'294'967'295u);
    for (std::string_view bad : {"CANCEL 1 2", "CANCEL 1\n", "CANCEL 1 2 3\n", "CANCEL  1 2\n",
                                 "CANCEL 1 99999999999\n", "CANCEL x y\n", "READY\n", ""})
        EXPECT_FALSE(parse_cancel_line(bad)) << bad;
}

TEST(Takeover, NobodyThereIsNoMistake) {
    Takeover takeover;
    base::ListeningSockets sockets;
    EXPECT_EQ(takeover.ask("/nonexistent/socket", 100ms, sockets), "");
    EXPECT_FALSE(takeover.in_progress());
    EXPECT_EQ(sockets.clients, -1);
}

TEST(SocketsOfSystemd, OfAnotherProcessAreNotTaken) {
    ::setenv("LISTEN_PID", "1", 1);
    ::setenv("LISTEN_FDS", "3", 1);
    auto sockets = sockets_of_systemd();
    EXPECT_EQ(sockets.clients, -1);
    EXPECT_EQ(std::getenv("LISTEN_FDS"), nullptr) << "nor left to a child";
}

}  // namespace
}  // namespace pgsidecar::app
