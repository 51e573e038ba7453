#include <gmock/gmock.h>

#include "tests/unit/proxy/mock_talk.hpp"

namespace pgsidecar::test {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::Not;
using testing::StartsWith;

std::string parse_typed(std::string_view name, std::string_view sql,
                        const std::vector<std::uint32_t>& types) {
    std::string body = zero_ended(name) + zero_ended(sql);
    body += be16(static_cast<std::uint16_t>(types.size()));
    for (std::uint32_t type : types) body += be32(type);
    return typed('P', body);
}

/// Bind of the unnamed statement with binary parameters and binary results.
std::string bind_binary(const std::vector<std::string>& values) {
    std::string body = zero_ended("") + zero_ended("") + be16(1) + be16(1);
    body += be16(static_cast<std::uint16_t>(values.size()));
    for (const auto& value : values) body += be32(static_cast<std::uint32_t>(value.size())) + value;
    return typed('B', body + be16(1) + be16(1));
}

TEST(MockServer, WelcomesAnybodyAsPostgresql15) {
    MockTalk talk({{"user", "anna"}, {"application_name", "shop"}, {"options", "-c work_mem=1MB"}});
    EXPECT_THAT(
        talk.welcome,
        ElementsAre("R \\x00\\x00\\x00\\x00", "S application_name\\x00shop\\x00",
                    "S client_encoding\\x00UTF8\\x00", "S DateStyle\\x00ISO, MDY\\x00",
                    "S default_transaction_read_only\\x00off\\x00", "S in_hot_standby\\x00off\\x00",
                    "S integer_datetimes\\x00on\\x00", "S IntervalStyle\\x00postgres\\x00",
                    "S is_superuser\\x00off\\x00", "S server_encoding\\x00UTF8\\x00",
                    "S server_version\\x0015.0 (pgsidecar mock)\\x00",
                    "S session_authorization\\x00anna\\x00",
                    "S standard_conforming_strings\\x00on\\x00", "S TimeZone\\x00UTC\\x00", "K",
                    "Z I"));
    EXPECT_EQ(talk.scalar("select current_database(), current_setting('work_mem')"), "anna|1MB");
}

TEST(MockServer, AnswersTlsAndCancelRequests) {
    base::SeededEntropy entropy{1};
    proxy::mock::StatementCheck check;
    proxy::mock::TableBook tables;
    proxy::mock::MockServer server(check, tables, entropy, 1);
    std::string out;
    server.feed(base::as_bytes(be32(8) + be32(80877103)));
    server.work(out, 1'000, {});
    EXPECT_EQ(out, "N");
    server.feed(base::as_bytes(cancel_request(1, "abcd")));
    server.work(out, 1'000, {});
    EXPECT_EQ(out, "N");
    EXPECT_TRUE(server.hung_up());
}

TEST(MockServer, RefusesWhatIsNoStartup) {
    for (const std::string& bad :
         {std::string("GET / HTTP/1.1\r\n\r\n"), startup({{"database", "x"}}),
          startup({{"user", "x"}, {"replication", "database"}})}) {
        base::SeededEntropy entropy{1};
        proxy::mock::StatementCheck check;
        proxy::mock::TableBook tables;
        proxy::mock::MockServer server(check, tables, entropy, 1);
        std::string out;
        server.feed(base::as_bytes(bad));
        server.work(out, 10'000, {});
        EXPECT_THAT(MockTalk::lines(out), ElementsAre(StartsWith("E "))) << bad;
        EXPECT_TRUE(server.hung_up());
        EXPECT_FALSE(server.has_work());
    }
}

TEST(MockServer, SimpleQueriesOfSeveralStatements) {
    MockTalk talk;
    EXPECT_THAT(talk.ask("select 1; insert into t values (1); ; select 'a;b'"),
                ElementsAre("T ?column?:23", "D 1", "C SELECT 1", "C INSERT 0 1", "T ?column?:25",
                            "D a;b", "C SELECT 1", "Z I"));
    EXPECT_THAT(talk.ask(""), ElementsAre("I", "Z I"));
    EXPECT_THAT(talk.ask(" ; -- nothing\n"), ElementsAre("I", "Z I"));
    EXPECT_THAT(talk.ask("select 1; savepoint s; select 2"),
                ElementsAre("T ?column?:23", "D 1", "C SELECT 1", StartsWith("E 25P01 "), "Z I"));
}

TEST(MockServer, TransactionBlocks) {
    MockTalk talk;
    EXPECT_THAT(talk.ask("begin"), ElementsAre("C BEGIN", "Z T"));
    EXPECT_THAT(talk.ask("begin"), ElementsAre(StartsWith("N 25001 "), "C BEGIN", "Z T"));
    EXPECT_THAT(talk.ask("commit"), ElementsAre("C COMMIT", "Z I"));
    EXPECT_THAT(talk.ask("commit"), ElementsAre(StartsWith("N 25P01 "), "C COMMIT", "Z I"));
    EXPECT_THAT(talk.ask("start transaction isolation level serializable read only"),
                ElementsAre("C START TRANSACTION", "Z T"));
    EXPECT_EQ(talk.scalar("show transaction_isolation"), "serializable");
    EXPECT_EQ(talk.scalar("show transaction_read_only"), "on");
    EXPECT_THAT(talk.ask("rollback and chain"), ElementsAre("C ROLLBACK", "Z T"));
    EXPECT_THAT(talk.ask("end"), ElementsAre("C COMMIT", "Z I"));
    EXPECT_EQ(talk.scalar("show transaction_isolation"), "read committed");
}

TEST(MockServer, AFailedBlockTakesNothingButItsEnd) {
    MockTalk talk;
    talk.ask("begin");
    EXPECT_THAT(talk.ask("selec"), ElementsAre(StartsWith("E 42601 "), "Z E"));
    EXPECT_THAT(talk.ask("select 1"), ElementsAre(StartsWith("E 25P02 "), "Z E"));
    EXPECT_THAT(talk.ask("begin"), ElementsAre(StartsWith("E 25P02 "), "Z E"));
    EXPECT_THAT(talk.ask("commit"), ElementsAre("C ROLLBACK", "Z I"));
}

TEST(MockServer, Savepoints) {
    MockTalk talk;
    talk.ask("begin");
    EXPECT_THAT(talk.ask("savepoint a"), ElementsAre("C SAVEPOINT", "Z T"));
    talk.ask("selec");
    EXPECT_THAT(talk.ask("rollback to savepoint b"), ElementsAre(StartsWith("E 3B001 "), "Z E"));
    EXPECT_THAT(talk.ask("rollback to savepoint a"), ElementsAre("C ROLLBACK", "Z T"));
    EXPECT_THAT(talk.ask("release a"), ElementsAre("C RELEASE", "Z T"));
    EXPECT_THAT(talk.ask("release a"), ElementsAre(StartsWith("E 3B001 "), "Z E"));
    EXPECT_THAT(talk.ask("rollback"), ElementsAre("C ROLLBACK", "Z I"));
}

TEST(MockServer, SettingsAreKeptAndReported) {
    MockTalk talk;
    EXPECT_THAT(talk.ask("set application_name to 'x'"),
                ElementsAre("C SET", "S application_name\\x00x\\x00", "Z I"));
    EXPECT_THAT(talk.ask("set search_path = a, \"B c\", \"$user\""), ElementsAre("C SET", "Z I"));
    EXPECT_EQ(talk.scalar("show search_path"), "a, \"B c\", \"$user\"");
    EXPECT_EQ(talk.scalar("select current_schema()"), "a");
    EXPECT_THAT(talk.ask("set client_encoding = 'utf-8'"), ElementsAre("C SET", "Z I"));
    EXPECT_THAT(talk.ask("set time zone 'Europe/Berlin'"),
                ElementsAre("C SET", "S TimeZone\\x00Europe/Berlin\\x00", "Z I"));
    EXPECT_THAT(talk.ask("select set_config('app.user', '42', false)"),
                ElementsAre("T set_config:25", "D 42", "C SELECT 1", "Z I"));
    EXPECT_EQ(talk.scalar("select current_setting('APP.user')"), "42");
    EXPECT_EQ(
        talk.tag("set session characteristics as transaction isolation level repeatable read"),
        "SET");
    EXPECT_EQ(talk.scalar("show transaction isolation level"), "repeatable read");
    EXPECT_THAT(talk.ask("reset all"), ElementsAre("C RESET", "S application_name\\x00\\x00",
                                                   "S TimeZone\\x00UTC\\x00", "Z I"));
    EXPECT_EQ(talk.scalar("show search_path"), "\"$user\", public");
}

TEST(MockServer, ARollbackTakesSettingsBack) {
    MockTalk talk;
    talk.ask("set a.b = 1");
    talk.ask("begin; set a.b = 2; savepoint s; set a.b = 3");
    EXPECT_EQ(talk.scalar("show a.b"), "3");
    talk.ask("rollback to s");
    EXPECT_EQ(talk.scalar("show a.b"), "2");
    talk.ask("rollback");
    EXPECT_EQ(talk.scalar("show a.b"), "1");
    talk.ask("begin; set local a.b = 4");
    EXPECT_EQ(talk.scalar("show a.b"), "4");
    talk.ask("commit");
    EXPECT_EQ(talk.scalar("show a.b"), "1");
    talk.ask("set a.b = 5; savepoint outside");
    EXPECT_EQ(talk.scalar("show a.b"), "1") << "a Query is one transaction";
}

TEST(MockServer, BackslashesFollowTheSetting) {
    MockTalk talk;
    EXPECT_EQ(talk.scalar("select 'a\\'"), "a\\");
    talk.ask("set standard_conforming_strings = off");
    EXPECT_EQ(talk.scalar("select 'a\\'; x'"), "a'; x");
}

TEST(MockServer, DiscardAllForgets) {
    MockTalk talk;
    talk.ask("set a.b = 1; prepare p as select 1");
    EXPECT_THAT(talk.ask("begin; discard all"), Contains(StartsWith("E 25001 ")));
    talk.ask("rollback");
    talk.ask("discard all");
    EXPECT_EQ(talk.scalar("show a.b"), "");
    EXPECT_THAT(talk.ask("execute p"), ElementsAre(StartsWith("E 26000 "), "Z I"));
}

TEST(MockServer, ExtendedQuery) {
    MockTalk talk;
    EXPECT_THAT(talk.ask("select $1::int as n, $2 as t, $1 as again", {"5", "x"}),
                ElementsAre("1", "2", "T n:23 t:25 again:23", "D 5|x|5", "C SELECT 1", "Z I"));
    EXPECT_THAT(talk.ask("insert into t (a, b) values ($1, $2), ($3, 'q') returning b, a",
                         {"1", std::nullopt, "3"}),
                ElementsAre("1", "2", "T b:25 a:25", "D NULL|1", "D q|3", "C INSERT 0 2", "Z I"));
    EXPECT_THAT(talk.ask("update t set a = $1", {"1"}),
                ElementsAre("1", "2", "n", "C UPDATE 0", "Z I"));
    EXPECT_THAT(talk.ask("", {}), ElementsAre("1", "2", "n", "I", "Z I"));
}

TEST(MockServer, NamedStatementsAndPortals) {
    MockTalk talk;
    EXPECT_THAT(talk.say(parse_typed("s", "select $1, $2::text, $3 limit $4", {20, 0, 0, 0}) +
                         describe('S', "s") + sync()),
                ElementsAre("1", "t 20 25 25 20", "T ?column?:20 text:25 ?column?:25", "Z I"));
    EXPECT_THAT(talk.say(parse("s", "select 1") + sync()),
                ElementsAre(StartsWith("E 42P05 "), "Z I"));
    EXPECT_THAT(talk.say(close_named('S', "s") + parse("s", "select 7") + bind("p", "s") +
                         bind("p", "s") + sync()),
                ElementsAre("3", "1", "2", StartsWith("E 42P03 "), "Z I"));
    EXPECT_THAT(talk.say(execute("p") + sync()), ElementsAre(StartsWith("E 34000 "), "Z I"))
        << "portals end with their transaction";
    EXPECT_THAT(talk.say(bind("", "nope") + execute("") + sync()),
                ElementsAre(StartsWith("E 26000 "), "Z I"));
    EXPECT_THAT(talk.say(describe('S', "nope") + sync()),
                ElementsAre(StartsWith("E 26000 "), "Z I"));
    EXPECT_THAT(talk.say(describe('P', "nope") + sync()),
                ElementsAre(StartsWith("E 34000 "), "Z I"));
    EXPECT_THAT(talk.say(parse("", "select 1; select 2") + sync()),
                ElementsAre(StartsWith("E 42601 "), "Z I"));
    EXPECT_THAT(talk.ask("select $1, $2", {"one"}),
                ElementsAre("1", StartsWith("E 08P01 "), "Z I"));
    EXPECT_THAT(talk.say(bind("", "s") + execute("") + typed('H') + execute("") + sync()),
                ElementsAre("2", "D 7", "C SELECT 1", "C SELECT 0", "Z I"));
}

TEST(MockServer, APortalHandsOutItsRowsInPortions) {
    MockTalk talk;
    EXPECT_THAT(talk.say(parse("", "values (1), (2), (3)") + bind("p", "") + execute("p", 2) +
                         execute("p", 2) + execute("p", 2) + sync()),
                ElementsAre("1", "2", "D 1", "D 2", "s", "D 3", "C SELECT 1", "C SELECT 0", "Z I"));
    EXPECT_THAT(talk.say(parse("", "insert into t values (1)") + bind("", "") + execute("") +
                         execute("") + sync()),
                ElementsAre("1", "2", "C INSERT 0 1", StartsWith("E 55000 "), "Z I"));
}

TEST(MockServer, AnErrorSkipsToTheNextSync) {
    MockTalk talk;
    EXPECT_THAT(talk.say(parse("", "selec") + bind("", "") + execute("") + query("select 1") +
                         sync() + extended("select 2")),
                ElementsAre(StartsWith("E 42601 "), "Z I", "1", "2", "D 2", "C SELECT 1", "Z I"));
    EXPECT_THAT(talk.say(extended("begin") + extended("selec") + extended("select 1") +
                         extended("rollback")),
                ElementsAre("1", "2", "C BEGIN", "Z T", StartsWith("E 42601 "), "Z E", "1", "2",
                            StartsWith("E 25P02 "), "Z E", "1", "2", "C ROLLBACK", "Z I"));
}

TEST(MockServer, BinaryBothWays) {
    MockTalk talk;
    auto ask = [&](std::string_view sql, const std::vector<std::string>& values) {
        auto lines = talk.say(parse("", sql) + bind_binary(values) + describe('P', "") +
                              execute("") + sync());
        return lines.size() == 6 ? lines[2] + " / " + lines[3] : lines.back();
    };
    EXPECT_EQ(ask("select $1::int4, $1::int8, $1::text", {be32(258)}),
              "T int4:23b int8:20b text:25b / D "
              "\\x00\\x00\\x01\\x02|\\x00\\x00\\x00\\x00\\x00\\x00\\x01\\x02|258");
    EXPECT_EQ(ask("select true, 1.5::float8, '2000-01-02'::date, 'ab'::bytea, '{}'::jsonb", {}),
              "T bool:16b float8:701b date:1082b bytea:17b jsonb:3802b / D "
              "\\x01|?\\xf8\\x00\\x00\\x00\\x00\\x00\\x00|\\x00\\x00\\x00\\x01|ab|\\x01{}");
    EXPECT_EQ(ask("select '2000-01-01 00:00:01+00'::timestamptz, 12345.678, -0.5, 0::numeric", {}),
              "T timestamptz:1184b ?column?:1700b ?column?:1700b numeric:1700b / D "
              "\\x00\\x00\\x00\\x00\\x00\\x0fB@|"
              "\\x00\\x03\\x00\\x01\\x00\\x00\\x00\\x03\\x00\\x01\\x09)\\x1a||"
              "\\x00\\x01\\xff\\xff@\\x00\\x00\\x01\\x13\\x88|"
              "\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00");
    EXPECT_EQ(ask("select $1::int4[]", {"an array as it is"}),
              "T int4:1007b / D an array as it is");
    EXPECT_EQ(ask("select '1 day'::interval", {}), "T interval:1186b / D NULL")
        << "what has no binary form here is NULL";
}

TEST(MockServer, CopyCountsWhatIsSent) {
    MockTalk talk;
    EXPECT_THAT(talk.ask("copy t (a, b) from stdin"),
                ElementsAre("G \\x00\\x00\\x02\\x00\\x00\\x00\\x00"));
    EXPECT_THAT(talk.say(typed('d', "1\t2\n3") + typed('H') + typed('S') + typed('d', "\t4\n")),
                ElementsAre());
    EXPECT_THAT(talk.say(typed('c')), ElementsAre("C COPY 2", "Z I"));
    talk.ask("copy t from stdin; select 1");
    EXPECT_THAT(talk.say(typed('d', "a\nb") + typed('c')),
                ElementsAre("C COPY 2", "T ?column?:23", "D 1", "C SELECT 1", "Z I"));
    talk.ask("copy t from stdin with (format csv, header)");
    EXPECT_THAT(talk.say(typed('d', "x\n\"1\n2\"\n3\n") + typed('c')),
                ElementsAre("C COPY 2", "Z I"));
    talk.ask("copy t from stdin");
    EXPECT_THAT(talk.say(typed('d', "1\n\\.\nignored\n") + typed('c')),
                ElementsAre("C COPY 1", "Z I"));
    talk.ask("begin; copy t from stdin");
    EXPECT_THAT(talk.say(typed('f', zero_ended("no"))), ElementsAre(StartsWith("E 57014 "), "Z E"));
    talk.ask("rollback");
    EXPECT_THAT(talk.say(typed('d', "late") + typed('c') + query("select 1")),
                Contains("C SELECT 1"))
        << "what is left of a COPY is ignored";
}

TEST(MockServer, BinaryCopyInAnyPieces) {
    std::string rows("PGCOPY\n\377\r\n\0", 11);
    rows += be32(0) + be32(3) + "ext";
    rows += be16(2) + be32(2) + "ab" + be32(0xffffffff);
    rows += be16(0);
    rows += be16(1) + be32(0) + be16(0xffff);
    for (std::size_t piece = 1; piece <= rows.size(); ++piece) {
        MockTalk talk;
        talk.ask("copy binary t from stdin");
        std::string messages;
        for (std::size_t at = 0; at < rows.size(); at += piece)
            messages += typed('d', rows.substr(at, piece));
        ASSERT_THAT(talk.say(messages + typed('c')), ElementsAre("C COPY 3", "Z I")) << piece;
    }
}

TEST(MockServer, CopyOutIsEmpty) {
    MockTalk talk;
    EXPECT_THAT(talk.ask("copy t to stdout"),
                ElementsAre("H \\x00\\x00\\x00", "c", "C COPY 0", "Z I"));
    EXPECT_THAT(talk.ask("copy (select 1) to stdout (format binary)"),
                ElementsAre("H \\x01\\x00\\x00", StartsWith("d PGCOPY"), "c", "C COPY 0", "Z I"));
    EXPECT_EQ(talk.tag("copy t from '/file'"), "COPY 0");
}

TEST(MockServer, ExtendedCopy) {
    MockTalk talk;
    EXPECT_THAT(talk.say(parse("", "copy t from stdin") + bind("", "") + execute("") + sync()),
                ElementsAre("1", "2", "G \\x00\\x00\\x00"));
    EXPECT_THAT(talk.say(typed('d', "1\n") + typed('c') + sync()), ElementsAre("C COPY 1", "Z I"));
}

TEST(MockServer, SqlLevelPreparedStatements) {
    MockTalk talk;
    EXPECT_EQ(talk.tag("prepare p (int) as select $1, 'x'"), "PREPARE");
    EXPECT_THAT(talk.ask("execute p(5)"),
                ElementsAre("T ?column?:23 ?column?:25", "D 5|x", "C SELECT 1", "Z I"));
    EXPECT_THAT(talk.ask("prepare p as select 1"), ElementsAre(StartsWith("E 42P05 "), "Z I"));
    EXPECT_EQ(talk.tag("deallocate p"), "DEALLOCATE");
    EXPECT_THAT(talk.ask("deallocate p"), ElementsAre(StartsWith("E 26000 "), "Z I"));
    EXPECT_EQ(talk.tag("deallocate all"), "DEALLOCATE ALL");
}

TEST(MockServer, Cursors) {
    MockTalk talk;
    EXPECT_THAT(talk.ask("declare c cursor for select 1"),
                ElementsAre(StartsWith("E 25P01 "), "Z I"));
    talk.ask("begin");
    EXPECT_EQ(talk.tag("declare c cursor for values (1), (2), (3), (4)"), "DECLARE CURSOR");
    EXPECT_THAT(talk.ask("fetch next from c"),
                ElementsAre("T column1:23", "D 1", "C FETCH 1", "Z T"));
    EXPECT_EQ(talk.tag("move forward 1 in c"), "MOVE 1");
    EXPECT_THAT(talk.rows("fetch forward 5 from c"), ElementsAre("3", "4"));
    EXPECT_EQ(talk.tag("fetch all c"), "FETCH 0");
    EXPECT_EQ(talk.tag("close c"), "CLOSE CURSOR");
    EXPECT_THAT(talk.ask("fetch c"), ElementsAre(StartsWith("E 34000 "), "Z E"));
    talk.ask("rollback; begin; declare d cursor with hold for select 9");
    talk.ask("commit");
    EXPECT_THAT(talk.rows("fetch 1 from d"), ElementsAre("9"));
}

TEST(MockServer, FunctionCallAndTerminate) {
    MockTalk talk;
    EXPECT_THAT(talk.say(typed('F', be32(1) + be16(0) + be16(0) + be16(0))),
                ElementsAre(StartsWith("E 0A000 "), "Z I"));
    EXPECT_THAT(talk.say(terminate()), ElementsAre());
    EXPECT_TRUE(talk.server.hung_up());
    EXPECT_THAT(talk.say(query("select 1")), ElementsAre());
}

TEST(MockServer, BrokenMessagesAreErrors) {
    for (char type : {'P', 'B', 'D', 'E', 'C'}) {
        MockTalk talk;
        EXPECT_THAT(talk.say(typed(type, "\1\2\3") + sync()),
                    ElementsAre(StartsWith("E 08P01 "), "Z I"))
            << type;
    }
    MockTalk talk;
    EXPECT_THAT(talk.say(typed('Q', "no zero")), ElementsAre(StartsWith("E 08P01 "), "Z I"));
    EXPECT_THAT(talk.say(typed('p', "x")), ElementsAre(StartsWith("E 08P01 ")));
    EXPECT_TRUE(talk.server.hung_up());
    MockTalk other;
    EXPECT_THAT(other.say("\1"), ElementsAre());
    EXPECT_THAT(other.say("\1\1\1\1\1"), ElementsAre(StartsWith("E 08P01 ")));
}

TEST(MockServer, EveryTruncationOfABindIsRefused) {
    std::string whole = MockTalk::bind_text({"abc", std::nullopt}, 1).substr(5);
    for (std::size_t size = 0; size < whole.size(); ++size) {
        MockTalk talk;
        auto lines =
            talk.say(parse("", "select $1, $2") + typed('B', whole.substr(0, size)) + sync());
        ASSERT_THAT(lines, ElementsAre("1", StartsWith("E "), "Z I")) << size;
    }
}

TEST(MockServer, ANewTransactionHasANewTime) {
    MockTalk talk;
    talk.ask("begin");
    std::string first = talk.scalar("select now()");
    talk.now_us += 5'000'000;
    EXPECT_EQ(talk.scalar("select now()"), first);
    talk.ask("commit");
    EXPECT_NE(talk.scalar("select now()"), first);
}

TEST(MockServer, SaysTheSameHoweverTheBytesAreCut) {
    const std::string conversation =
        query("begin; set a.b = 'x'; select 1, 'two'") +
        parse("s", "insert into t (a) values ($1) returning a, now()") +
        typed('B',
              zero_ended("") + zero_ended("s") + be16(0) + be16(1) + be32(2) + "42" + be16(0)) +
        describe('P', "") + execute("") + sync() + query("selec") + query("rollback") +
        query("copy t from stdin") + typed('d', "a\nb\n") + typed('c') +
        parse("", "values (1), (2)") + bind("", "") + execute("", 1) + sync() +
        close_named('S', "s") + sync() + query("show a.b") + terminate();
    MockTalk whole;
    const std::string expected = whole.raw(conversation);
    std::string types;
    for (const std::string& line : MockTalk::lines(expected)) types += line[0];
    EXPECT_EQ(types, "CCTDCZ12TDCZEZCZGCZ12DsZ3ZTDCZ");
    for (std::size_t cut = 1; cut < conversation.size(); ++cut) {
        MockTalk talk;
        std::string got = talk.raw(conversation.substr(0, cut));
        got += talk.raw(conversation.substr(cut));
        ASSERT_EQ(got, expected) << "cut at " << cut;
    }
    MockTalk bytewise;
    EXPECT_EQ(bytewise.raw(conversation, 1), expected);
}

TEST(MockServer, KeepsABoundedAmount) {
    MockTalk talk;
    std::string long_text = "select '" + std::string(1'000'000, 'x') + "'";
    bool refused = false;
    for (int i = 0; i < 40 && !refused; ++i) {
        auto lines = talk.say(parse("s" + std::to_string(i), long_text) + sync());
        refused = lines[0].starts_with("E 53200 ");
        if (!refused) {
            ASSERT_EQ(lines[0], "1");
        }
    }
    EXPECT_TRUE(refused);
    talk.ask("deallocate all");
    EXPECT_EQ(talk.say(parse("s", long_text) + sync())[0], "1");
    std::string many = "select ";
    for (int i = 0; i < 1'000; ++i) many += i == 0 ? "$1" : ",$1";
    auto lines = talk.ask(many, {std::string(1'000'000, 'y')});
    EXPECT_THAT(lines, Contains(StartsWith("E 54000 ")));
    for (int i = 0; i < 1'100; ++i) talk.ask("set a.b" + std::to_string(i) + " = 1");
    EXPECT_THAT(talk.ask("set a.one_more = 1"), ElementsAre(StartsWith("E 53200 "), "Z I"));
}

TEST(MockServer, MessagesThatAreTooLongAreRefusedAndTheRestGoesOn) {
    MockTalk talk;
    const std::string big(proxy::mock::MockServer::kMaxMessageBytes + 1'000, 'x');
    EXPECT_THAT(
        talk.say(query("select '" + big + "'") + query("select 1"), 1 << 20),
        ElementsAre(StartsWith("E 54000 "), "Z I", "T ?column?:23", "D 1", "C SELECT 1", "Z I"));
    EXPECT_THAT(talk.say(parse("", "select '" + big + "'") + bind("", "") + sync(), 1 << 20),
                ElementsAre(StartsWith("E 54000 "), "Z I"));
    talk.ask("copy t from stdin");
    EXPECT_THAT(talk.say(typed('d', big + "\n") + typed('c'), 1 << 20),
                ElementsAre("C COPY 1", "Z I"));
}

TEST(MockServer, ALongQueryIsWorkedOffInPortions) {
    MockTalk talk;
    std::string many;
    for (int i = 0; i < 5'000; ++i) many += "select 'some text of a row';";
    std::string bytes = query(many), first;
    talk.server.feed(base::as_bytes(bytes));
    talk.server.work(first, 65'536, {0, talk.now_us});
    EXPECT_LT(first.size(), 80'000u);
    EXPECT_TRUE(talk.server.has_work());
    int turns = 1;
    while (talk.server.has_work()) {
        talk.server.work(first, first.size() + 65'536, {0, talk.now_us});
        ++turns;
    }
    EXPECT_GT(turns, 5);
    EXPECT_EQ(MockTalk::lines(first).size(), 15'001u);
}

}  // namespace
}  // namespace pgsidecar::test
