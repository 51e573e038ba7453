#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "protocol/auth/scram_client.hpp"
#include "tests/support/proxy_script/proxy_script.hpp"

namespace pgsidecar::test {

/// Answers the SCRAM challenge of a client that has sent its start-up packet.
inline std::vector<Message> scram_answer(ProxyScript& script, ScriptClient& client,
                                         const std::string& password) {
    protocol::ScramClient scram(password, "clientnonce");
    auto offered = client.take();
    EXPECT_EQ(types_of(offered), "R");
    if (offered.empty()) return {};
    EXPECT_EQ(offered[0].payload, be32(10) + zero_ended("SCRAM-SHA-256") + '\0');
    std::string first = *scram.first();
    script.send(client, typed('p', zero_ended("SCRAM-SHA-256") +
                                       be32(static_cast<std::uint32_t>(first.size())) + first));
    auto challenge = client.take();
    EXPECT_EQ(types_of(challenge), "R");
    if (challenge.empty()) return {};
    script.send(client, typed('p', *scram.challenge(challenge[0].payload.substr(4))));
    auto last = client.take();
    if (!last.empty() && last[0].type == 'R') {
        EXPECT_TRUE(scram.finish(last[0].payload.substr(4)).has_value());
    }
    return last;
}

/// Sends the start-up packet and answers the SCRAM challenge; what the server said last, nothing
/// when it waits.
inline std::vector<Message> scram_login(ProxyScript& script, ScriptClient& client,
                                        const std::string& user, const std::string& password) {
    script.send(client, startup({{"user", user}, {"database", "db"}}));
    return scram_answer(script, client, password);
}

}  // namespace pgsidecar::test
