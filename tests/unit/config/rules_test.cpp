#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/loader.hpp"

namespace pgsidecar::config {
namespace {

using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;

LoadResult load_args(std::vector<std::string> args,
                     std::string url = "postgres://u:p@127.0.0.1/d") {
    LoadInput input;
    input.args = std::move(args);
    input.environment["DATABASE_URL"] = std::move(url);
    return load(input);
}

struct RuleCase {
    std::vector<std::string> args;
    const char* words;  ///< of the only mistake; null: valid
};

TEST(Rules, CombinationsThatAreUnsafeOrMeaninglessAreRefused) {
    const RuleCase cases[] = {
        {{}, nullptr},
        {{"--listen-address", "0.0.0.0"}, "auth.method trust"},
        {{"--listen-address", "::"}, "auth.method trust"},
        {{"--listen-address", "10.1.2.3"}, "auth.method trust"},
        {{"--listen-address", "127.9.9.9"}, nullptr},
        {{"--listen-address", "::1"}, nullptr},
        {{"--listen-address", "localhost"}, nullptr},
        {{"--listen-address", "0.0.0.0", "--auth-mode", "pass-through"}, nullptr},
        {{"--listen-address", "0.0.0.0", "--auth-method", "md5", "--auth-user-file", "f"}, nullptr},
        {{"--admin-database", "d"}, "admin.database"},
        {{"--admin-database="}, nullptr},
        {{"--auth-method", "scram-sha-256"}, "auth.user_file"},
        {{"--auth-method", "md5"}, "auth.user_file"},
        {{"--auth-method", "md5", "--auth-mode", "pass-through"}, nullptr},
        {{"--auth-method", "md5", "--auth-query", "select n, s from u where n = $1"}, nullptr},
        {{"--auth-query", "select n, s from u"}, "auth.query does not use $1"},
        {{"--listen-address", "*"}, "must be an IP address"},
        {{"--listen-address", "127.0.0.1.evil.com"}, "must be an IP address"},
        {{"--listen-address", "[::1]"}, "must be an IP address"},
        {{"--listen-address="}, "nothing to listen on"},
        {{"--listen-address=", "--listen-unix-socket-dir=/run/x"}, nullptr},
        {{"--http-address", "0.0.0.0"}, "http.token"},
        {{"--http-address", "0.0.0.0", "--http-token", "t"}, nullptr},
        {{"--http-address="}, "http.address must be an IP address"},
        {{"--http-probes-address", "0.0.0.0"}, nullptr},
        {{"--http-probes-address", "pod"}, "http.probes_address must be an IP address"},
        {{"--http-port", "6432"}, "http.port and listen.port are both 6432"},
        {{"--http-port", "0", "--listen-port", "0"}, nullptr},
        {{"--http-probes-address", "0.0.0.0", "--http-probes-port", "6480"}, "are both 6480"},
        {{"--http-probes-address", "127.0.0.2", "--http-probes-port", "6480"}, nullptr},
        {{"--listen-port", "5432"}, "the sidecar's own"},
        {{"--tls-cert-file", "c", "--tls-key-file", "k"}, nullptr},
        {{"--tls-cert-file", "c"}, "tls.cert_file is set without tls.key_file"},
        {{"--tls-key-file", "k"}, "tls.key_file is set without tls.cert_file"},
        {{"--tls-client-mode", "allow"}, nullptr},
        {{"--tls-client-mode", "require"}, "needs tls.cert_file and tls.key_file"},
        {{"--tls-client-mode", "verify-full"}, "needs tls.cert_file and tls.key_file"},
        {{"--tls-client-mode", "verify-ca", "--tls-cert-file", "c", "--tls-key-file", "k"},
         "needs tls.ca_file"},
        {{"--tls-min-version", "TLSv1.1"}, "TLSv1.2 or TLSv1.3"},
        {{"--workers", "8", "--pool-size", "8"}, nullptr},
        {{"--workers", "8", "--pool-size", "7"}, "pool.size is 7 and workers is 8"},
        {{"--workers", "4", "--pool-max-database-connections", "3"},
         "pool.max_database_connections is 3 and workers is 4"},
        {{"--workers", "4", "--pool-max-user-connections", "3"}, "lower workers or raise"},
        {{"--pool-min-size", "11"}, "more than pool.size"},
        {{"--pool-min-size", "10", "--pool-reserve-size", "100"}, nullptr},
        {{"--upgrade-socket", std::string(108, 'x')}, "longer than"},
        {{"--outage-policy", "orders:insert@checkout=durable, *:ddl=reject"}, nullptr},
        {{"--outage-policy="}, nullptr},
        {{"--outage-policy", "a=hold, orders=durble"},
         "outage.policy, rule 2, at character 16: the class 'durble' is not known; use durable"},
        {{"--outage-policy", "orders:update=queue"}, "only INSERTs can be answered from the spool"},
    };
    for (const auto& test : cases) {
        const auto result = load_args(test.args);
        const std::string shown = test.args.empty() ? "" : testing::PrintToString(test.args);
        if (test.words == nullptr) {
            EXPECT_THAT(result.mistakes, IsEmpty()) << shown;
        } else {
            EXPECT_THAT(result.mistakes,
                        ElementsAre(Field(&Mistake::sentence, HasSubstr(test.words))))
                << shown;
        }
    }
}

TEST(Rules, OwnAddressAsDatabaseIsRefused) {
    for (const char* url : {"postgres://u@127.0.0.1:6432/d", "postgres://u@localhost:6432/d",
                            "postgres://u@db:5432,[::1]:6432/d"}) {
        EXPECT_THAT(load_args({}, url).mistakes,
                    ElementsAre(Field(&Mistake::sentence, HasSubstr("own"))))
            << url;
    }
    EXPECT_THAT(load_args({"--listen-unix-socket-dir", "/run/x"}, "postgres://u@%2Frun%2Fx:6432/d")
                    .mistakes,
                ElementsAre(Field(&Mistake::sentence, HasSubstr("own"))));
    EXPECT_THAT(load_args({"--listen-port", "0"}, "postgres://u@127.0.0.1:6432/d").mistakes,
                IsEmpty());
}

TEST(Rules, UncheckedServerIsWarnedAbout) {
    const auto warning = ElementsAre(Field(&Mistake::sentence, HasSubstr("verify-full")));
    EXPECT_THAT(load_args({}, "postgres://u@db/d").warnings, warning);
    EXPECT_THAT(load_args({}, "postgres://u@db/d?sslmode=require").warnings, warning);
    EXPECT_THAT(load_args({}, "postgres://u@db/d?sslmode=verify-full").warnings, IsEmpty());
    EXPECT_THAT(load_args({}, "postgres://u@127.0.0.1/d").warnings, IsEmpty());
    EXPECT_THAT(load_args({}, "postgres://u@%2Frun/d").warnings, IsEmpty());
}

TEST(Rules, BrokenUrlIsReportedWithItsSource) {
    EXPECT_THAT(load_args({}, "mysql://u@h/d").mistakes,
                ElementsAre(testing::AllOf(Field(&Mistake::source, "environment DATABASE_URL"),
                                           Field(&Mistake::sentence, HasSubstr("postgres://")))));
}

}  // namespace
}  // namespace pgsidecar::config
