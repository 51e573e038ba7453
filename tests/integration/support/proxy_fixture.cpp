#include "tests/integration/support/proxy_fixture.hpp"

#include <iostream>

namespace pgsidecar::test {

void ProxyTest::TearDown() {
    if (proxy_ && end_ != End::ProxyGone) {
        EXPECT_TRUE(proxy_->running()) << "the proxy ended during the test";
    }
    if (proxy_ && end_ == End::GoodClient) {
        auto good = PqConnection::try_connect(proxy_->conninfo());
        EXPECT_TRUE(good.connected()) << "a good client is refused afterwards: " << good.error();
        EXPECT_EQ(good.connected() ? good.query("select 42").value() : "", "42") << good.error();
    }
    if (HasFailure()) {
        if (proxy_) std::cerr << "--- proxy log\n" << proxy_->log_tail(20);
        std::cerr << "--- PostgreSQL log\n" << cluster().log_tail(15) << "---\n";
    }
    proxy_.reset();
}

ProxyUnderTest& ProxyTest::start(ProxySettings settings) {
    proxy_.reset();
    proxy_ = ProxyUnderTest::start(std::move(settings));
    return *proxy_;
}

RawClient ProxyTest::raw() {
    RawClient c(proxy().port());
    c.login({{"user", "postgres"}, {"database", "postgres"}});
    return c;
}

int ProxyTest::backends(const std::string& condition) {
    auto c = direct();
    return std::stoi(
        c.scalar("select count(*) from pg_stat_activity where backend_type = 'client backend' "
                 "and pid <> pg_backend_pid() and application_name not like 'pgsidecar%' and " +
                 condition));
}

ProxyUnderTest& BothModesTest::start_mode(int pool_size) {
    ProxySettings settings;
    settings.pool_mode = GetParam();
    settings.pool_size = pool_size;
    return start(std::move(settings));
}

std::string mode_name(const testing::TestParamInfo<const char*>& info) { return info.param; }

}  // namespace pgsidecar::test
