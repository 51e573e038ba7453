// From the first byte to the first ReadyForQuery, and the settings a client brings along.

#include <algorithm>
#include <map>

#include "tests/integration/support/proxy_fixture.hpp"

namespace pgsidecar::test {
namespace {

using namespace wire;
using testing::HasSubstr;

const Parameters kPostgres{{"user", "postgres"}, {"database", "postgres"}};

class Startup : public BothModesTest {
protected:
    void SetUp() override { start_mode(2); }

    /// The FATAL error that a start-up packet earns.
    Message refused(const std::string& bytes) {
        RawClient client(proxy().port());
        client.send(bytes);
        return first_error(client.read_to_end());
    }
};

TEST_P(Startup, SslAndGssAreDeclinedAndTheSessionGoesOn) {
    RawClient client(proxy().port());
    client.send(packet(kGssEncRequest));
    EXPECT_EQ(client.read_bytes(1), "N");
    client.send(packet(kSslRequest));
    EXPECT_EQ(client.read_bytes(1), "N");
    client.login(kPostgres);
    EXPECT_THAT(client.exchange(query("select 1")), testing::Contains("C SELECT 1\\x00"));
}

TEST_P(Startup, LibpqWithSslPreferConnects) {
    EXPECT_EQ(client("sslmode=prefer gssencmode=prefer").scalar("select 1"), "1");
}

TEST_P(Startup, NewerMinorVersionIsNegotiatedDown) {
    RawClient client(proxy().port());
    client.send(startup({{"user", "postgres"}, {"database", "postgres"}, {"_pq_.later", "on"}},
                        kProtocol30 + 2));
    auto messages = client.read_until('Z');
    ASSERT_FALSE(messages.empty());
    EXPECT_EQ(messages.back().type, 'Z');
    auto negotiate = std::ranges::find(messages, 'v', &Message::type);
    ASSERT_NE(negotiate, messages.end());
    EXPECT_EQ(load32(negotiate->body), kProtocol30) << "the newest minor version we speak";
    EXPECT_EQ(load32(negotiate->body.substr(4)), 1u);
    EXPECT_THAT(negotiate->body, HasSubstr("_pq_.later"));
}

TEST_P(Startup, OtherMajorVersionsAreRefusedWithASentence) {
    for (std::uint32_t version : {2u << 16, 4u << 16, 0u}) {
        Message error = refused(startup(kPostgres, version));
        EXPECT_EQ(field(error, 'C'), "0A000") << version;
        EXPECT_FALSE(field(error, 'M').empty());
    }
}

TEST_P(Startup, AUserNameIsRequired) {
    EXPECT_EQ(field(refused(startup({{"database", "postgres"}})), 'C'), "28000");
}

TEST_P(Startup, ServerParametersAreThoseOfTheServer) {
    auto parameters_of = [](int port) {
        RawClient client(port);
        client.login(kPostgres);
        std::map<std::string, std::string> map(client.server_parameters().begin(),
                                               client.server_parameters().end());
        return map;
    };
    EXPECT_EQ(parameters_of(proxy().port()), parameters_of(cluster().port()));
}

TEST_P(Startup, OptionsAreHonoured) {
    auto c = client("options='-c work_mem=1234kB -c search_path=pg_catalog,public --geqo=off'");
    EXPECT_EQ(c.scalar("show work_mem"), "1234kB");
    EXPECT_EQ(c.scalar("select array_to_string(current_schemas(false), ' ')"), "pg_catalog public");
    EXPECT_EQ(c.scalar("show geqo"), "off");
}

TEST_P(Startup, OptionsWithEscapedSpacesAreHonoured) {
    auto c = client("options='-c application_name=two\\\\ words'");
    EXPECT_EQ(c.scalar("show application_name"), "two words");
}

TEST_P(Startup, AnySettingAsParameterIsHonoured) {
    RawClient client(proxy().port());
    client.login({{"user", "postgres"},
                  {"database", "postgres"},
                  {"statement_timeout", "4321"},
                  {"extra_float_digits", "2"},
                  {"DateStyle", "SQL, DMY"},
                  {"my.own", "a 'quoted' value"}});
    auto show = [&](const std::string& name) {
        return client.exchange(query("show " + name)).at(1);
    };
    EXPECT_THAT(show("statement_timeout"), HasSubstr("4321ms"));
    EXPECT_THAT(show("extra_float_digits"), HasSubstr("2"));
    EXPECT_THAT(show("datestyle"), HasSubstr("SQL, DMY"));
    EXPECT_THAT(show("my.own"), HasSubstr("a 'quoted' value"));
}

TEST_P(Startup, AStatementTimeoutOfTheClientStrikesThatClientAlone) {
    auto hurried = client("options='-c statement_timeout=50'");
    EXPECT_EQ(hurried.query("select pg_sleep(10)").sqlstate(), "57014");
    auto patient = client();
    EXPECT_EQ(patient.scalar("show statement_timeout"), "0");
    EXPECT_EQ(hurried.scalar("show statement_timeout"), "50ms");
}

TEST_P(Startup, AnUnknownSettingIsRefusedByTheServersOwnError) {
    Parameters with_nonsense = kPostgres;
    with_nonsense.emplace_back("no_such_setting", "1");
    Message through = refused(startup(with_nonsense));
    RawClient direct_client(cluster().port());
    direct_client.send(startup(with_nonsense));
    Message expected = first_error(direct_client.read_to_end());
    EXPECT_EQ(field(through, 'C'), field(expected, 'C'));
    EXPECT_EQ(field(through, 'M'), field(expected, 'M'));
}

TEST_P(Startup, AnUnknownDatabaseIsRefusedByTheServersOwnError) {
    auto c = PqConnection::try_connect(proxy().conninfo("postgres", "dbname=no_such_database"));
    EXPECT_FALSE(c.connected());
    EXPECT_THAT(c.error(), HasSubstr("database \"no_such_database\" does not exist"));
}

TEST_P(Startup, ApplicationNameReachesTheServer) {
    auto c = client("application_name=my_service");
    EXPECT_EQ(
        c.scalar("select application_name from pg_stat_activity where pid = pg_backend_pid()"),
        "my_service");
}

TEST_P(Startup, ClientEncodingIsTheClients) {
    auto latin = client("client_encoding=LATIN1");
    auto utf8 = client("client_encoding=UTF8");
    EXPECT_EQ(latin.scalar("select U&'\\00e9'"), "\xe9");
    EXPECT_EQ(utf8.scalar("select U&'\\00e9'"), "\xc3\xa9");
}

TEST_P(Startup, ClientsWithDifferentSettingsNeverSeeEachOthers) {
    if (session_mode()) {
        start_mode(4);
    } else {
        start_mode(1);
    }
    std::vector<PqConnection> clients;
    for (int i = 0; i < 4; ++i) {
        clients.push_back(client("application_name=c" + std::to_string(i) +
                                 " options='-c work_mem=" + std::to_string(1000 + i) + "kB'"));
    }
    for (int round = 0; round < 5; ++round) {
        for (std::size_t i = 0; i < clients.size(); ++i) {
            EXPECT_EQ(clients[i].scalar("show work_mem"), std::to_string(1000 + i) + "kB");
            EXPECT_EQ(clients[i].scalar("show application_name"), "c" + std::to_string(i));
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Modes, Startup, testing::Values("session", "transaction"), mode_name);

}  // namespace
}  // namespace pgsidecar::test
