#include "protocol/auth/client_login.hpp"

#include <string>

#include "tests/fuzz/fuzz_target.hpp"

// The first byte chooses the method; the chunks behind it are messages of a client that knows no
// password. Whatever it sends, it must not get in.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace pgsidecar;
    using protocol::ClientAuthMethod;
    if (size == 0) return 0;
    // The digest of a random password that nobody kept.
    static const protocol::ScramSecret secret =
        *protocol::mock_scram_secret("nobody", base::as_bytes("fuzz"), 1);
    static const std::string stored = protocol::format_scram_secret(secret);
    base::SeededEntropy entropy(1);
    auto verifier = data[0] % 3 == 0
                        ? protocol::PasswordVerifier::from_stored(
                              "u", "md500112233445566778899aabbccddeeff", entropy)
                        : protocol::PasswordVerifier::from_stored("u", stored, entropy);
    const ClientAuthMethod methods[] = {ClientAuthMethod::Md5, ClientAuthMethod::ScramSha256,
                                        ClientAuthMethod::Password};
    protocol::ClientLogin login(methods[data[0] % 3], "u", *verifier, base::as_bytes("key"),
                                entropy);
    std::string out;
    PGS_CHECK(login.begin(out).has_value());
    test::FuzzChunks chunks(test::fuzz_bytes(data + 1, size - 1));
    bool failed = false;
    while (auto chunk = chunks.next()) {
        auto progress = login.on_message(*chunk, out);
        PGS_CHECK(progress.has_error() || !failed);
        PGS_CHECK(progress.has_error() || *progress == protocol::ClientLogin::Progress::Continue);
        failed = failed || progress.has_error();
    }
    return 0;
}
