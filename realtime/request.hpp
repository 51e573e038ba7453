#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace pgsidecar::realtime {

/// What a subscription to row changes asks for (contract 5.5, changeSpec).
struct ChangeRequest {
    std::string event = "*";  ///< INSERT | UPDATE | DELETE | *
    std::string schema = "public";
    std::string table;
    std::string filter;
    std::vector<std::string> select;
};

struct Position {
    std::string epoch;
    std::uint64_t seq = 0;
};

/// One message from a client, as far as this server understands it (contract 5.3, "Client to
/// server").
struct Request {
    std::string type;
    std::string id;                     ///< empty: no reply wanted
    std::vector<std::string> channels;  ///< subscribe, unsubscribe, publish, presence, resume
    bool channel_list =
        false;                 ///< subscribe: given as payload.channels, so the reply is a list too
    std::string t_json = "0";  ///< ping: the number to echo
    // subscribe
    std::vector<ChangeRequest> changes;
    bool echo_own = false;         ///< broadcast.self
    std::optional<bool> presence;  ///< presence.enabled
    std::string presence_key;
    std::optional<Position> position;  ///< since, or resume's own
    bool wait = false;
    std::int64_t wait_timeout_ms = 10'000;
    // auth
    std::string token;
    // publish
    std::string event, data_json, message_id;
    // presence:track
    std::string meta_json;
};

/// Why a text is no Request.
struct RequestFault {
    enum class Kind : std::uint8_t {
        Malformed,  ///< not a message at all: three in a row close the socket
        TooDeep,    ///< nested deeper than kMaxJsonDepth: closes the socket
        BadField,   ///< a known type with a wrong member: answered with BAD_REQUEST when it has an
                    ///< id
    };
    Kind kind;
    std::string message;
    std::string id;
};

inline constexpr int kMaxJsonDepth = 64;  ///< contract 5.10

std::variant<Request, RequestFault> parse_request(std::string_view text);

/// Contract 5.10: 1 to 255 bytes of [A-Za-z0-9_.:@/+-], or `*`.
bool valid_channel_name(std::string_view name);

}  // namespace pgsidecar::realtime
