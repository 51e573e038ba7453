#include "db/error_text.hpp"

#include <gtest/gtest.h>

#include <string>

namespace pgsidecar::db {
namespace {

using model::ErrorCode;

struct Sample {
    const char* text;
    ErrorCode code;
    bool transient;
    const char* sqlstate;
};

// As libpq 15 writes them with PQERRORS_VERBOSE.
const Sample kSamples[] = {
    {"connection to server at \"127.0.0.1\", port 1 failed: Connection refused\n\tIs the server "
     "running on "
     "that host and accepting TCP/IP connections?\n",
     ErrorCode::ConnRefused, true, ""},
    {"connection to server on socket \"/nowhere/.s.PGSQL.5432\" failed: No such file or "
     "directory\n\tIs the "
     "server running locally and accepting connections on that socket?\n",
     ErrorCode::ConnRefused, true, ""},
    {"connection to server on socket \"/x/.s.PGSQL.5432\" failed: Permission denied\n",
     ErrorCode::Unknown, false, ""},
    {"connection to server at \"10.0.0.1\", port 5432 failed: No route to host\n",
     ErrorCode::ConnRefused, true, ""},
    {"connection to server at \"10.0.0.1\", port 5432 failed: Connection timed out\n",
     ErrorCode::Timeout, true, ""},
    {"connection to server at \"h\" (127.0.0.1), port 5432 failed: FATAL:  28P01: password "
     "authentication "
     "failed for user \"app\"\nLOCATION:  auth_failed, auth.c:326\n",
     ErrorCode::AuthFailed, false, "28P01"},
    {"connection to server at \"h\" (127.0.0.1), port 5432 failed: FATAL:  3D000: database "
     "\"nope\" does not "
     "exist\nLOCATION:  InitPostgres, postinit.c:887\n",
     ErrorCode::Unknown, false, "3D000"},
    {"connection to server at \"h\", port 5432 failed: FATAL:  57P03: the database system is "
     "starting up\n",
     ErrorCode::Shutdown, true, "57P03"},
    {"connection to server at \"h\", port 5432 failed: FATAL:  53300: sorry, too many clients "
     "already\n",
     ErrorCode::TooManyConnections, true, "53300"},
    {"connection to server at \"h\", port 5432 failed: fe_sendauth: no password supplied\n",
     ErrorCode::AuthFailed, false, ""},
    {"connection to server at \"h\", port 5432 failed: incorrect server signature in SCRAM final "
     "message\n",
     ErrorCode::AuthFailed, false, ""},
    {"connection to server at \"h\", port 5432 failed: server does not support SSL, but SSL was "
     "required\n",
     ErrorCode::Unknown, false, ""},
    {"connection to server at \"h\", port 5432 failed: SSL error: certificate verify failed\n",
     ErrorCode::Unknown, false, ""},
    {"connection to server at \"h\", port 5432 failed: root certificate file \"/a/root.crt\" does "
     "not exist\n"
     "Either provide the file or change sslmode to disable server certificate verification.\n",
     ErrorCode::Unknown, false, ""},
    {"connection to server at \"h\", port 5432 failed: SSL SYSCALL error: Connection reset by "
     "peer\n",
     ErrorCode::ConnReset, true, ""},
    {"connection to server at \"h\", port 5432 failed: SSL SYSCALL error: EOF detected\n",
     ErrorCode::ConnReset, true, ""},
    {"connection to server at \"h\", port 5432 failed: server closed the connection "
     "unexpectedly\n\tThis "
     "probably means the server terminated abnormally\n\tbefore or while processing the request.\n",
     ErrorCode::ConnReset, true, ""},
    {"connection to server at \"h\", port 5432 failed: received invalid response to SSL "
     "negotiation: H\n",
     ErrorCode::Unknown, true, ""},
    {"", ErrorCode::Unknown, true, ""},
};

TEST(ConnectText, EachCauseHasItsCode) {
    for (const auto& sample : kSamples) {
        Error error = from_connect_text(sample.text);
        EXPECT_EQ(to_string(error.code), to_string(sample.code)) << sample.text;
        EXPECT_EQ(error.transient, sample.transient) << sample.text;
        EXPECT_EQ(error.sqlstate, sample.sqlstate) << sample.text;
        EXPECT_EQ(error.server_message, sample.text);
        EXPECT_FALSE(error.message.empty());
        EXPECT_FALSE(error.resolution.empty());
    }
}

TEST(ConnectText, AUserNameCannotForgeAState) {
    Error error = from_connect_text(
        "connection to server at \"h\", port 5432 failed: FATAL:  28P01: password authentication "
        "failed "
        "for user \"x:  57P03: y\"\n");
    EXPECT_EQ(error.sqlstate, "28P01");
}

}  // namespace
}  // namespace pgsidecar::db
