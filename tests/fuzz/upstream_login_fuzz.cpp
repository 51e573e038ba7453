#include "protocol/auth/upstream_login.hpp"

#include <string>

#include "tests/fuzz/fuzz_target.hpp"

// The chunks are payloads of Authentication messages of a server that does not know the password.
// Once it has begun SCRAM it must not be taken for genuine.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace pgsidecar;
    using protocol::AuthenticationKind;
    protocol::UpstreamLogin::Credentials credentials{
        .user = "u",
        .secret = {.password = "no server has seen this", .md5 = {}, .keys = {}},
        .allow_cleartext = true,
        .max_scram_iterations = 16};
    protocol::UpstreamLogin login(credentials, "clientnonce");
    test::FuzzChunks chunks(test::fuzz_bytes(data, size));
    std::string out;
    bool scram = false;
    bool failed = false;
    while (auto chunk = chunks.next()) {
        auto view = protocol::decode_authentication(*chunk);
        if (view.has_error()) continue;
        auto progress = login.on_request(*view, out);
        PGS_CHECK(progress.has_error() || !failed);
        failed = failed || progress.has_error();
        scram = scram || view->kind == AuthenticationKind::Sasl;
        if (progress.has_error()) continue;
        PGS_CHECK(view->kind != AuthenticationKind::SaslFinal);
        PGS_CHECK(*progress == protocol::UpstreamLogin::Progress::Continue || !scram);
    }
    return 0;
}
