#include "proxy/admin/admin_session.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/proxy_script/messages.hpp"

namespace pgsidecar::test {
namespace {

using proxy::admin::AdminSession;
using proxy::admin::Answer;
using proxy::admin::Rights;
using testing::HasSubstr;

class AdminSessionTest : public testing::Test {
protected:
    /// Feeds whole messages; the types of the answers, which stay in messages_.
    std::string say(std::string_view bytes) {
        protocol::FrameReader reader(protocol::FrameReader::Direction::Frontend, {});
        base::Bytes input = base::as_bytes(bytes);
        protocol::Frame frame;
        std::string out;
        while (reader.next(input, frame) == protocol::FrameOutcome::Got) {
            EXPECT_FALSE(session_.waiting());
            session_.on_frame(frame, out);
        }
        return take(out);
    }
    std::string reply(Answer answer) {
        std::string out;
        session_.answered(std::move(answer), out);
        return take(out);
    }
    std::string take(std::string& out) {
        messages_ = cut_messages(out);
        return types_of(messages_);
    }
    const Message& first_error() {
        for (const Message& message : messages_) {
            if (message.type == 'E') return message;
        }
        return messages_.at(0);
    }

    Rights rights_{true, true};
    AdminSession session_{[this] { return rights_; }, {{"server_version", "15.0"}}};
    std::vector<Message> messages_;
};

Answer one_row() {
    Answer answer;
    answer.rows.push_back({std::string("pgsidecar 1")});
    return answer;
}

TEST_F(AdminSessionTest, ASimpleQueryWaitsForItsAnswer) {
    EXPECT_EQ(say(query("SHOW VERSION")), "");
    ASSERT_TRUE(session_.waiting());
    EXPECT_EQ(session_.asked().subject, proxy::admin::Subject::Version);
    EXPECT_EQ(reply(one_row()), "TDCZ");
    EXPECT_EQ(messages_[1].payload, be16(1) + be32(11) + "pgsidecar 1");
    EXPECT_EQ(messages_[2].payload, zero_ended("SHOW"));
    EXPECT_EQ(messages_[3].payload, "I");
    EXPECT_FALSE(session_.waiting());
}

TEST_F(AdminSessionTest, SeveralCommandsOfOneQueryAreAnsweredInOrder) {
    EXPECT_EQ(say(query("BEGIN; SHOW VERSION; RELOAD; COMMIT")), "C");
    EXPECT_EQ(reply(one_row()), "TDC");
    ASSERT_TRUE(session_.waiting());
    EXPECT_EQ(session_.asked().verb, proxy::admin::Verb::Reload);
    EXPECT_EQ(reply({}), "CCZ");
}

TEST_F(AdminSessionTest, AnErrorEndsTheQueryAndOnlyIt) {
    EXPECT_EQ(say(query("SHOW HELP; nonsense; PAUSE")), "T" + std::string(17, 'D') + "CEZ");
    EXPECT_FALSE(session_.waiting());
    EXPECT_EQ(say(query("PAUSE; SHOW HELP")), "");
    EXPECT_EQ(reply(Answer::refused("55000", "no")), "EZ");
    EXPECT_EQ(say(query("select 1")), "TDCZ");
}

TEST_F(AdminSessionTest, NoticesComeFirst) {
    say(query("RELOAD"));
    Answer answer;
    answer.notices = {"a", "b"};
    EXPECT_EQ(reply(std::move(answer)), "NNCZ");
    EXPECT_EQ(messages_[1].field('M'), "b");
}

TEST_F(AdminSessionTest, AnEmptyQueryIsAnsweredAsOne) {
    EXPECT_EQ(say(query("")), "IZ");
    EXPECT_EQ(say(query("-- ping")), "IZ");
    EXPECT_EQ(say(typed('Q', "no zero")), "EZ");
}

TEST_F(AdminSessionTest, ManyCommandsInOneQueryNeedNoStack) {
    std::string many;
    for (int i = 0; i < 20'000; ++i) many += "SET;";
    ASSERT_LT(many.size(), 100'000u);
    std::string text = many.substr(0, 60'000);
    EXPECT_EQ(say(query(text)), std::string(15'000, 'C') + "Z");
}

TEST_F(AdminSessionTest, TheExtendedProtocolAsDriversSendIt) {
    EXPECT_EQ(say(parse("", "SHOW VERSION") + describe('S', "") + bind("", "") + describe('P', "") +
                  execute("")),
              "1tT2T");
    ASSERT_TRUE(session_.waiting());
    EXPECT_EQ(reply(one_row()), "DC");
    EXPECT_EQ(say(sync()), "Z");
}

TEST_F(AdminSessionTest, ACommandWithoutRowsDescribesNone) {
    EXPECT_EQ(say(parse("s", "PAUSE") + describe('S', "s") + bind("p", "s") + describe('P', "p")),
              "1tn2n");
    EXPECT_EQ(say(execute("p")), "");
    EXPECT_EQ(reply({}), "C");
    EXPECT_EQ(say(close_named('S', "s") + close_named('P', "p") + sync()), "33Z");
}

TEST_F(AdminSessionTest, AnErrorSkipsUpToSync) {
    EXPECT_EQ(say(parse("", "nonsense") + bind("", "") + execute("")), "E");
    EXPECT_EQ(say(query("select 1")), "");
    EXPECT_EQ(say(sync()), "Z");
    EXPECT_EQ(say(parse("", "select 1") + bind("", "") + execute("") + sync()), "12DCZ");
}

TEST_F(AdminSessionTest, RowsComeInPortionsWhenAskedFor) {
    say(parse("", "SHOW VERSION") + bind("", "") + execute("", 2));
    Answer answer;
    for (int i = 0; i < 3; ++i) answer.rows.push_back({std::string("x")});
    EXPECT_EQ(reply(std::move(answer)), "DDs");
    EXPECT_EQ(say(execute("", 2)), "DC");
    EXPECT_EQ(say(execute("", 2)), "C");
    EXPECT_EQ(say(sync() + execute("")), "ZE");
}

TEST_F(AdminSessionTest, NumbersAreInt8InBothFormats) {
    const std::string binary =
        typed('B', zero_ended("") + zero_ended("") + be16(0) + be16(0) + be16(1) + be16(1));
    EXPECT_EQ(say(parse("", "select 1") + binary + describe('P', "") + execute("") + sync()),
              "12TDCZ");
    EXPECT_EQ(messages_[3].payload, be16(1) + be32(8) + be32(0) + be32(1));
    EXPECT_THAT(messages_[2].payload, HasSubstr(be32(20) + be16(8)));
    EXPECT_EQ(say(query("select 1")), "TDCZ");
    EXPECT_EQ(messages_[1].payload, be16(1) + be32(1) + "1");
}

TEST_F(AdminSessionTest, BadMessagesAreErrorsAndNothingElse) {
    const std::string cases[] = {
        typed('P', "no zeros"),
        typed('B', ""),
        bind("", "missing"),
        describe('S', "missing"),
        describe('P', "missing"),
        describe('x', ""),
        execute("missing"),
        parse("", "PAUSE; RESUME"),
        parse("a", "select 1") + parse("a", "select 1"),
        // One parameter, and three formats for one column.
        parse("", "select 1") + typed('B', zero_ended("") + zero_ended("") + be16(0) + be16(1) +
                                               be32(1) + "x" + be16(0)),
        parse("", "select 1") + typed('B', zero_ended("") + zero_ended("") + be16(0) + be16(0) +
                                               be16(3) + be16(0) + be16(0) + be16(0)),
        parse("", "select 1") +
            typed('B', zero_ended("") + zero_ended("") + be16(0) + be16(0) + be16(1) + be16(7)),
    };
    for (const std::string& bytes : cases) {
        say(bytes);
        EXPECT_EQ(messages_.back().type, 'E');
        EXPECT_EQ(say(sync()), "Z");
        say(close_named('S', "a") + sync());
    }
    EXPECT_EQ(say(typed('F', "whatever")), "EZ");
    EXPECT_EQ(say(typed('d', "x") + typed('c') + typed('H')), "");
}

TEST_F(AdminSessionTest, NamesAreBounded) {
    for (std::size_t i = 0; i < AdminSession::kMaxNames; ++i)
        EXPECT_EQ(say(parse("s" + std::to_string(i), "select 1")), "1");
    EXPECT_EQ(say(parse("one more", "select 1")), "E");
    EXPECT_EQ(first_error().field('C'), "53400");
}

TEST_F(AdminSessionTest, EachCommandIsAllowedOrRefusedByItself) {
    rights_ = {true, false};
    EXPECT_EQ(say(query("PAUSE")), "EZ");
    EXPECT_EQ(first_error().field('C'), "42501");
    EXPECT_THAT(first_error().field('H'), HasSubstr("admin.users"));
    EXPECT_EQ(say(query("SHOW VERSION")), "");
    reply(one_row());
    rights_ = {false, false};
    EXPECT_EQ(say(query("SHOW HELP")), "EZ");
    EXPECT_THAT(first_error().field('H'), HasSubstr("admin.stats_users"));
    // Prepared while it was allowed.
    rights_ = {true, true};
    say(parse("", "KILL 1") + bind("", ""));
    rights_ = {true, false};
    EXPECT_EQ(say(execute("")), "E");
    EXPECT_EQ(first_error().field('C'), "42501");
    EXPECT_FALSE(session_.waiting());
}

TEST_F(AdminSessionTest, ParametersOfTheLoginCanBeShown) {
    EXPECT_EQ(say(query("SHOW Server_Version")), "TDCZ");
    EXPECT_EQ(messages_[1].payload, be16(1) + be32(4) + "15.0");
    EXPECT_EQ(say(query("SHOW search_path")), "EZ");
}

}  // namespace
}  // namespace pgsidecar::test
