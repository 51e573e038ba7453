#pragma once

#include <gmock/gmock.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/proxy_script/proxy_script.hpp"

namespace pgsidecar::test {

inline constexpr const char* kInsert = "INSERT INTO audit_logs (id, note) VALUES (1, 'a')";

/// A plane with a spool that takes everything, and one client that is logged in.
class OutageContract : public testing::Test {
protected:
    OutageContract() {
        progress_.set_usable(true);
        setup_.progress = &progress_;
        setup_.settings.database.retry_delay_ms = 100;
        setup_.settings.database.max_retries = 2;
        script_ = std::make_unique<ProxyScript>(setup_);
        client_ = &script_->login();
    }
    ProxyScript& script() { return *script_; }
    ScriptClient& client() { return *client_; }
    std::string ask(std::string_view bytes) { return script().ask(client(), bytes); }
    std::vector<Message> messages(std::string_view bytes) {
        script().send(client(), bytes);
        return client().take();
    }
    /// The database goes away, and the pool has found out.
    void database_goes() {
        script().database_goes();
        script().send(client(), query("SELECT 'probe'"));
        script().pass_ms(400);
        ASSERT_EQ(client().take_types(), "EZ");
    }
    std::string store() {
        std::uint64_t sequence = ++sequence_;
        for (const auto& statement : script().spooled.back().second.statements)
            progress_.accept(sequence, statement.table);
        script().answer_spool({model::SpoolVerdict::Reason::Stored, sequence, {}});
        return client().take_types();
    }
    /// All that was stored is in the database now.
    void apply() {
        progress_.settle(sequence_);
        script().plane().spool_advanced(script().now());
        script().end_turn();
        script().run();
    }
    const model::SpoolEntry& entry() { return script().spooled.back().second; }

    model::SpoolProgress progress_;
    std::uint64_t sequence_ = 0;
    ScriptSetup setup_;
    std::unique_ptr<ProxyScript> script_;
    ScriptClient* client_ = nullptr;
};

}  // namespace pgsidecar::test
