#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "protocol/framing/frame_reader.hpp"
#include "protocol/messages/frontend_decode.hpp"
#include "proxy/admin/answer.hpp"
#include "proxy/admin/command.hpp"
#include "proxy/admin/rights.hpp"

namespace pgsidecar::proxy::admin {

/// The server's side of one client of the console, from login to its last message: simple and
/// extended protocol, errors, the skipping up to Sync. Knows no socket.
///
/// The console has no transactions, so ReadyForQuery always says idle; BEGIN and the like are
/// answered without effect. Thread: the worker's.
class AdminSession {
public:
    static constexpr std::size_t kMaxNames = 100;  ///< of statements, and of portals

    using RightsNow = std::function<Rights()>;
    using Parameters = std::vector<std::pair<std::string, std::string>>;

    /// parameters: what the client is told at login, and what SHOW of their names answers.
    AdminSession(RightsNow rights, Parameters parameters);

    const Parameters& parameters() const { return parameters_; }

    /// Appends the replies to out. Not while waiting().
    void on_frame(const protocol::Frame& frame, std::string& out);
    /// Somebody else must answer first: no more frames until answered().
    bool waiting() const { return asked_.has_value(); }
    /// The command that waits for answered().
    const Command& asked() const { return *asked_; }
    void answered(Answer answer, std::string& out);

private:
    /// What a name of the extended protocol stands for; no command: the empty statement.
    struct Prepared {
        std::optional<Command> command;
    };
    struct Portal {
        std::optional<Command> command;
        Formats formats;
        Answer answer;
        bool executed = false;
        std::size_t sent = 0;  ///< rows so far
    };

    void query(base::Bytes payload, std::string& out);
    void run_script(std::string& out);
    /// Sends the answer of the script's next command. False: it was an error.
    bool complete(const Command& command, const Answer& answer, std::string& out);
    void end_script(std::string& out);
    void parse(base::Bytes payload, std::string& out);
    void bind(base::Bytes payload, std::string& out);
    void describe(base::Bytes payload, std::string& out);
    void execute(base::Bytes payload, std::string& out);
    void close(base::Bytes payload, std::string& out);
    void sync(std::string& out);
    void send_portal(Portal& portal, std::string& out);

    /// The answer now, or nothing: then it is asked for.
    std::optional<Answer> carry_out(const Command& command);
    std::optional<LocalError> refusal(const Command& command) const;
    void fail(std::string_view sqlstate, std::string message, std::string& out);
    void fail(const LocalError& error, std::string& out);
    static void send_notices(const Answer& answer, std::string& out);

    RightsNow rights_;
    Parameters parameters_;
    std::map<std::string, Prepared, std::less<>> statements_;
    std::map<std::string, Portal, std::less<>> portals_;
    std::vector<Statement> script_;  ///< of the simple Query under way
    std::size_t next_ = 0;
    std::optional<Command> asked_;
    Portal* asking_portal_ = nullptr;  ///< null: the script asks
    std::int32_t max_rows_ = 0;
    bool skipping_ = false;  ///< an error: nothing counts up to Sync
};

}  // namespace pgsidecar::proxy::admin
