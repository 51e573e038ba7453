#include "tests/fuzz/fuzz_target.hpp"
#include "tests/support/proxy_script/proxy_script.hpp"

// Chunks whose first byte says whose they are: one of two clients that have logged in, a new one,
// or a server connection, or that somebody hangs up or time passes. Whatever comes, nothing may be
// used after its end and the gauges must return to zero.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace pgsidecar;
    base::log::configure(base::log::Level::Error, base::log::Format::Text);
    test::ScriptSetup setup;
    setup.upstream.password.clear();  // no digests: they would be most of the time
    test::ProxyScript script(setup);
    script.login();
    script.login({{"TimeZone", "CET"}});
    test::FuzzChunks chunks(test::fuzz_bytes(data, size));
    while (auto chunk = chunks.next()) {
        if (chunk->empty()) continue;
        auto choice = std::to_integer<unsigned>((*chunk)[0]);
        auto text = base::as_text(chunk->subspan(1));
        auto& client = *script.clients[(choice >> 3) % script.clients.size()];
        switch (choice % 8) {
            case 0:
            case 1:
            case 2: client.write(text); break;
            case 3: script.accept().write(text); break;
            case 4:
            case 5:
                if (script.servers.empty()) break;
                script.servers[(choice >> 3) % script.servers.size()]->channel.from_peer += text;
                break;
            case 6: client.channel.peer_closed = true; break;
            case 7:
                script.world.answers = (choice & 8) != 0;
                script.advance_ms(choice * 10);
                break;
        }
        script.run();
    }
    script.plane().close_all(script.now());
    script.end_turn();
    script.run();
    const auto& shard = script.shard;
    PGS_CHECK(shard.clients.get() == 0);
    PGS_CHECK(shard.clients_active.get() == 0);
    PGS_CHECK(shard.clients_waiting.get() == 0);
    PGS_CHECK(shard.servers_idle.get() == 0);
    PGS_CHECK(shard.servers_active.get() >= 0);
    PGS_CHECK(script.misuses() == 0);
    return 0;
}
