#pragma once

#include <algorithm>
#include <array>
#include <string_view>

/// The type bytes of protocol 3, under the names of the manual ("Message Formats").
///
/// One byte can mean two messages, one in each direction ('D' is Describe and DataRow).
namespace pgsidecar::protocol {

// From the client.
inline constexpr char kBind = 'B';
inline constexpr char kClose = 'C';
inline constexpr char kDescribe = 'D';
inline constexpr char kExecute = 'E';
inline constexpr char kFunctionCall = 'F';
inline constexpr char kFlush = 'H';
inline constexpr char kParse = 'P';
inline constexpr char kQuery = 'Q';
inline constexpr char kSync = 'S';
inline constexpr char kTerminate = 'X';
inline constexpr char kCopyFail = 'f';
/// Also SASLInitialResponse, SASLResponse and GSSResponse; the login's state tells which.
inline constexpr char kPasswordMessage = 'p';

// From either.
inline constexpr char kCopyData = 'd';
inline constexpr char kCopyDone = 'c';

// From the server.
inline constexpr char kParseComplete = '1';
inline constexpr char kBindComplete = '2';
inline constexpr char kCloseComplete = '3';
inline constexpr char kNotificationResponse = 'A';
inline constexpr char kCommandComplete = 'C';
inline constexpr char kDataRow = 'D';
inline constexpr char kErrorResponse = 'E';
inline constexpr char kCopyInResponse = 'G';
inline constexpr char kCopyOutResponse = 'H';
inline constexpr char kEmptyQueryResponse = 'I';
inline constexpr char kBackendKeyData = 'K';
inline constexpr char kNoticeResponse = 'N';
inline constexpr char kAuthentication = 'R';
inline constexpr char kParameterStatus = 'S';
inline constexpr char kRowDescription = 'T';
inline constexpr char kFunctionCallResponse = 'V';
inline constexpr char kCopyBothResponse = 'W';
inline constexpr char kReadyForQuery = 'Z';
inline constexpr char kNoData = 'n';
inline constexpr char kPortalSuspended = 's';
inline constexpr char kParameterDescription = 't';
inline constexpr char kNegotiateProtocolVersion = 'v';

enum class Direction : unsigned char { FromClient, FromServer };

/// One message a peer may send: the row of kMessageTypes.
struct MessageType {
    Direction direction;
    char type;
    std::string_view name;  ///< As in the manual.
};

inline constexpr auto kMessageTypes = std::to_array<MessageType>({
    {Direction::FromClient, kBind, "Bind"},
    {Direction::FromClient, kClose, "Close"},
    {Direction::FromClient, kDescribe, "Describe"},
    {Direction::FromClient, kExecute, "Execute"},
    {Direction::FromClient, kFunctionCall, "FunctionCall"},
    {Direction::FromClient, kFlush, "Flush"},
    {Direction::FromClient, kParse, "Parse"},
    {Direction::FromClient, kQuery, "Query"},
    {Direction::FromClient, kSync, "Sync"},
    {Direction::FromClient, kTerminate, "Terminate"},
    {Direction::FromClient, kCopyFail, "CopyFail"},
    {Direction::FromClient, kPasswordMessage, "PasswordMessage"},
    {Direction::FromClient, kCopyData, "CopyData"},
    {Direction::FromClient, kCopyDone, "CopyDone"},
    {Direction::FromServer, kCopyData, "CopyData"},
    {Direction::FromServer, kCopyDone, "CopyDone"},
    {Direction::FromServer, kParseComplete, "ParseComplete"},
    {Direction::FromServer, kBindComplete, "BindComplete"},
    {Direction::FromServer, kCloseComplete, "CloseComplete"},
    {Direction::FromServer, kNotificationResponse, "NotificationResponse"},
    {Direction::FromServer, kCommandComplete, "CommandComplete"},
    {Direction::FromServer, kDataRow, "DataRow"},
    {Direction::FromServer, kErrorResponse, "ErrorResponse"},
    {Direction::FromServer, kCopyInResponse, "CopyInResponse"},
    {Direction::FromServer, kCopyOutResponse, "CopyOutResponse"},
    {Direction::FromServer, kEmptyQueryResponse, "EmptyQueryResponse"},
    {Direction::FromServer, kBackendKeyData, "BackendKeyData"},
    {Direction::FromServer, kNoticeResponse, "NoticeResponse"},
    {Direction::FromServer, kAuthentication, "Authentication"},
    {Direction::FromServer, kParameterStatus, "ParameterStatus"},
    {Direction::FromServer, kRowDescription, "RowDescription"},
    {Direction::FromServer, kFunctionCallResponse, "FunctionCallResponse"},
    {Direction::FromServer, kCopyBothResponse, "CopyBothResponse"},
    {Direction::FromServer, kReadyForQuery, "ReadyForQuery"},
    {Direction::FromServer, kNoData, "NoData"},
    {Direction::FromServer, kPortalSuspended, "PortalSuspended"},
    {Direction::FromServer, kParameterDescription, "ParameterDescription"},
    {Direction::FromServer, kNegotiateProtocolVersion, "NegotiateProtocolVersion"},
});

namespace detail {
inline constexpr auto kValidByDirection = [] {
    std::array<std::array<bool, 256>, 2> valid{};
    for (const MessageType& row : kMessageTypes) {
        valid[static_cast<std::size_t>(row.direction)][static_cast<unsigned char>(row.type)] = true;
    }
    return valid;
}();
}  // namespace detail

/// Whether the manual knows this type byte in this direction. Constant time, for the relay path.
constexpr bool is_message_type(Direction direction, char type) {
    return detail::kValidByDirection[static_cast<std::size_t>(direction)]
                                    [static_cast<unsigned char>(type)];
}

/// The manual's name for logs and errors; "unknown" otherwise. Not for the relay path.
constexpr std::string_view message_name(Direction direction, char type) {
    const auto* row = std::find_if(kMessageTypes.begin(), kMessageTypes.end(), [&](const auto& r) {
        return r.direction == direction && r.type == type;
    });
    return row == kMessageTypes.end() ? std::string_view("unknown") : row->name;
}

}  // namespace pgsidecar::protocol
