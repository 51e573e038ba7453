#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "proxy/core/channel.hpp"
#include "tests/support/proxy_script/messages.hpp"

namespace pgsidecar::test {

/// What all connections to the model database have in common, and how it misbehaves.
struct ModelWorld {
    enum class Login { Trust, Md5, Scram };
    enum class Door { Open, Refuse, Hang };

    Login login = Login::Trust;
    Door door = Door::Open;
    Door cancel_door = Door::Open;  ///< Hang: a cancel is taken, but never hung up
    std::string password = "secret";
    bool tls = false;            ///< the server consents to SSLRequest
    bool refuses_plain = false;  ///< as pg_hba.conf with hostssl alone
    bool refuses_tls = false;    ///< as pg_hba.conf with hostnossl alone
    std::string login_error;     ///< SQLSTATE: logins are refused with it
    std::set<std::string> bad_gucs = {"nonsense"};
    std::map<std::string, std::string> reported = {{"application_name", ""},
                                                   {"client_encoding", "UTF8"},
                                                   {"DateStyle", "ISO, MDY"},
                                                   {"TimeZone", "UTC"},
                                                   {"server_version", "15.8"}};
    std::uint32_t next_pid = 100;
    bool answers = true;  ///< false: connections keep what they are sent

    struct Cancel {
        std::uint32_t pid;
        bool right_key;
    };
    std::vector<Cancel> cancels;
    std::function<bool(std::uint32_t pid, const std::string& secret)> on_cancel;
};

}  // namespace pgsidecar::test
