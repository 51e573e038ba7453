#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>

#include "tests/support/metric_names.hpp"
#include "tests/support/pq.hpp"
#include "tests/support/proxy_under_test.hpp"
#include "tests/support/raw_client.hpp"

namespace pgsidecar::test {

/// Skips, with the reason, what only the sidecar can show when the tests run against a stand-in.
#define PGS_NEEDS_SIDECAR(reason) \
    if (proxy_kind() != ProxyKind::Sidecar) GTEST_SKIP() << "needs the sidecar: " reason

/// The program's PostgreSQL with a proxy of the test's own in front. Each test ends with the proof
/// that the proxy still serves, and prints both logs when it failed.
class ProxyTest : public testing::Test {
protected:
    void TearDown() override;

    /// (Re)starts the proxy.
    ProxyUnderTest& start(ProxySettings settings = {});
    /// What a test ends with, unless it has never started a proxy.
    enum class End : std::uint8_t {
        GoodClient,    ///< a client without password and TLS is served
        ProxyRunning,  ///< such a client may not come in, or the server cannot be reached
        ProxyGone
    };
    void expect_end(End end) { end_ = end; }

    PgCluster& cluster() { return shared_cluster(); }
    ProxyUnderTest& proxy() { return *proxy_; }
    PqConnection direct() { return PqConnection(cluster().conninfo()); }
    PqConnection client(const std::string& more = "") {
        return PqConnection(proxy().conninfo("postgres", more));
    }
    /// A client of bytes, logged in as postgres.
    RawClient raw();
    /// Server connections seen by PostgreSQL itself, without our own.
    int backends(const std::string& condition = "true");

    std::unique_ptr<ProxyUnderTest> proxy_;
    End end_ = End::GoodClient;
};

/// The same for both pool modes.
class BothModesTest : public ProxyTest, public testing::WithParamInterface<const char*> {
protected:
    bool session_mode() const { return std::string(GetParam()) == "session"; }
    ProxyUnderTest& start_mode(int pool_size = 5);
};

std::string mode_name(const testing::TestParamInfo<const char*>& info);

}  // namespace pgsidecar::test
