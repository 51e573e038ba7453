#include "proxy/mock/mock_upstream.hpp"

#include <gmock/gmock.h>

#include "proxy/core/credentials.hpp"

namespace pgsidecar::proxy {
namespace {

using testing::HasSubstr;
using testing::Not;

config::Settings with_url(const std::string& url) {
    config::Settings settings;
    settings.database.mode = model::DatabaseMode::Mock;
    if (!url.empty()) settings.database.database_url = url;
    return settings;
}

TEST(MockUpstream, NeedsNoAddress) {
    auto upstream = mock::upstream_of(with_url(""));
    ASSERT_TRUE(upstream);
    EXPECT_EQ(upstream->user, "");
    EXPECT_EQ(upstream->database, "postgres");
    EXPECT_TRUE(upstream->hosts.empty());
    EXPECT_EQ(upstream->sslmode, config::SslMode::Disable);
}

TEST(MockUpstream, TakesUserAndDatabaseOfTheAddressAndGoesNowhere) {
    auto upstream =
        mock::upstream_of(with_url("postgres://app:pw@db.example/shop?sslmode=verify-full"));
    ASSERT_TRUE(upstream);
    EXPECT_EQ(upstream->user, "app");
    EXPECT_EQ(upstream->password, "pw");
    EXPECT_EQ(upstream->database, "shop");
    EXPECT_TRUE(upstream->hosts.empty());
    EXPECT_EQ(upstream->sslmode, config::SslMode::Disable);
}

TEST(MockUpstream, ABrokenAddressIsAMistakeThatQuotesNothing) {
    auto upstream = mock::upstream_of(with_url("postgres://app:geheim@h:notaport/x"));
    ASSERT_FALSE(upstream);
    EXPECT_THAT(upstream.error().sentence, HasSubstr("mode mock needs none"));
    EXPECT_THAT(upstream.error().sentence, Not(HasSubstr("geheim")));
}

TEST(MockUpstream, AnybodyIsAUserWithoutAPassword) {
    base::SeededEntropy entropy{1};
    std::vector<std::string> problems;
    auto credentials = Credentials::build("", "", {}, entropy, problems);
    EXPECT_EQ(credentials.find("somebody"), nullptr);
    credentials.accept_anybody();
    ASSERT_NE(credentials.find("somebody"), nullptr);
    EXPECT_FALSE(credentials.find("somebody")->verifier);
}

}  // namespace
}  // namespace pgsidecar::proxy
