#include <gmock/gmock.h>

#include <set>
#include <string>

#include "protocol/messages/message_types.hpp"
#include "protocol/messages/protocol_errc.hpp"
#include "protocol/messages/sqlstate.hpp"

namespace pgsidecar::protocol {
namespace {

std::string valid_types(Direction direction) {
    std::string types;
    for (int c = 0; c < 256; ++c) {
        if (is_message_type(direction, static_cast<char>(c))) types.push_back(static_cast<char>(c));
    }
    return types;
}

// The letters of the manual's "Message Formats", (F) and (B).
TEST(MessageTypes, KnowsExactlyTheManualsLettersPerDirection) {
    EXPECT_EQ(valid_types(Direction::FromClient), "BCDEFHPQSXcdfp");
    EXPECT_EQ(valid_types(Direction::FromServer), "123ACDEGHIKNRSTVWZcdnstv");
}

TEST(MessageTypes, NamesTheSameByteByDirection) {
    EXPECT_EQ(message_name(Direction::FromClient, 'D'), "Describe");
    EXPECT_EQ(message_name(Direction::FromServer, 'D'), "DataRow");
    EXPECT_EQ(message_name(Direction::FromServer, 'Q'), "unknown");
    EXPECT_EQ(message_name(Direction::FromClient, '\xff'), "unknown");
}

TEST(ProtocolErrc, EachHasItsOwnSentenceAndAWellFormedSqlstate) {
    std::set<std::string> sentences;
    for (int value = 1; value <= static_cast<int>(ProtocolErrc::CryptoFailed); ++value) {
        std::error_code code(value, protocol_category());
        EXPECT_NE(code.message(), "an unknown protocol error") << value;
        EXPECT_TRUE(sentences.insert(code.message()).second) << code.message();
        EXPECT_THAT(std::string(sqlstate_of(code)), testing::MatchesRegex("[0-9A-Z]{5}"));
    }
    EXPECT_EQ(std::error_code(9999, protocol_category()).message(), "an unknown protocol error");
}

TEST(ProtocolErrc, MapsToTheSqlstateAClientExpects) {
    EXPECT_EQ(sqlstate_of(ProtocolErrc::TrailingBytes), "08P01");
    EXPECT_EQ(sqlstate_of(ProtocolErrc::PasswordWrong), "28P01");
    EXPECT_EQ(sqlstate_of(ProtocolErrc::MissingUser), "28000");
    EXPECT_EQ(sqlstate_of(ProtocolErrc::UnsupportedProtocolVersion), "0A000");
    EXPECT_EQ(sqlstate_of(ProtocolErrc::MessageTooLong), "54000");
    EXPECT_EQ(sqlstate_of(std::make_error_code(std::errc::io_error)), "58000");
}

}  // namespace
}  // namespace pgsidecar::protocol
