#include "protocol/session/reply_queue.hpp"

#include "tests/fuzz/fuzz_target.hpp"

// Letters of a client and a server in any order: high bit set, it is the server's.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace pgsidecar;
    using protocol::ReplyEffect;
    protocol::ReplyQueue<std::size_t> queue;
    std::size_t last_answered = 0;
    for (std::size_t i = 0; i < size; ++i) {
        if ((data[i] & 0x80) == 0) {
            if (data[i] % 9 == 8) {
                queue.on_copy_end();
                continue;
            }
            std::size_t before = queue.size();
            bool queued = queue.push(static_cast<protocol::ReplyKind>(data[i] % 9 % 8), i + 1);
            PGS_CHECK(queue.size() == before + (queued ? 1u : 0u));
            continue;
        }
        bool was_empty = queue.empty();
        ReplyEffect effect = queue.on_backend(static_cast<char>(data[i] & 0x7f));
        if (effect == ReplyEffect::Desync) return 0;
        bool answers = effect == ReplyEffect::StepDone || effect == ReplyEffect::StatementDone ||
                       effect == ReplyEffect::Failed || effect == ReplyEffect::ExchangeDone;
        PGS_CHECK(!was_empty || effect == ReplyEffect::Async || effect == ReplyEffect::Unsolicited);
        if (!answers) continue;
        // Answers come in the order of the requests.
        PGS_CHECK(queue.answered().payload >= last_answered);
        last_answered = queue.answered().payload;
        PGS_CHECK(queue.empty() || queue.head().payload >= last_answered);
    }
    queue.clear();
    PGS_CHECK(queue.empty());
    return 0;
}
