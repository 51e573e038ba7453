#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "model/statement_shape.hpp"

namespace pgsidecar::proxy {

/// Asks a server connection what its client has left there, and reads the answer: only the server
/// knows whether a lock was released, a table dropped, or what a DO block has set.
///
/// Pure. Thread: the worker's.
class Inspection {
public:
    /// What can be asked for: model::session_effect bits whose end the server knows.
    static constexpr std::uint16_t kState =
        model::session_effect::kListens | model::session_effect::kTempTable |
        model::session_effect::kAdvisoryLock | model::session_effect::kHoldCursor |
        model::session_effect::kSqlPrepare;
    /// These ask for the session's settings as well, and for all of kState the first.
    static constexpr std::uint16_t kAsking =
        kState | model::session_effect::kUnknown | model::session_effect::kUnknownSetting;

    /// placeholders: settings that the server does not list, to be told with the others.
    explicit Inspection(std::uint16_t effects, const std::vector<std::string>& placeholders = {});

    const std::string& sql() const { return sql_; }
    std::uint16_t asked() const { return asked_; }
    bool asks_settings() const { return asks_settings_; }
    /// Payload of a DataRow that answers it.
    void on_row(base::Bytes payload);

    /// Of asked(): what is there. All of it while the answer is not whole.
    std::uint16_t found() const { return answered_ ? found_ : asked_; }
    /// Every setting of the session's own, when they were asked for and told.
    const std::vector<std::pair<std::string, std::string>>* settings() const {
        return answered_ && asks_settings_ ? &settings_ : nullptr;
    }

private:
    std::uint16_t asked_;
    std::uint16_t found_ = 0;
    bool asks_settings_;
    bool answered_ = false;
    std::string sql_;
    std::vector<std::pair<std::string, std::string>> settings_;
};

}  // namespace pgsidecar::proxy
