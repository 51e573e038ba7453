#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/core/local_error.hpp"

namespace pgsidecar::proxy::admin {

enum class Verb : std::uint8_t {
    Show,
    Pause,
    Resume,
    Reconnect,
    Kill,
    Reload,
    Nothing,    ///< SET, BEGIN and the like: answered, without effect
    SelectOne,  ///< the question by which drivers see whether a connection lives
    Parameter,  ///< SHOW of something that was told at login
};

enum class Subject : std::uint8_t {
    Pools,
    Clients,
    Servers,
    Stats,
    Databases,
    Config,
    Version,
    Prepared,
    Pins,
    Operations,
    Queue,
    Help,
};

/// One command of the console.
struct Command {
    Verb verb = Verb::Nothing;
    Subject subject = Subject::Help;  ///< of Show
    std::string name;                 ///< the database of Pause, Resume, Reconnect; empty: all
    std::int64_t client = 0;          ///< of Kill
    std::string tag;                  ///< of CommandComplete

    /// What it takes: a SHOW, or a change. The rest is free for all who are in.
    bool shows() const { return verb == Verb::Show; }
    bool changes() const {
        return verb == Verb::Pause || verb == Verb::Resume || verb == Verb::Reconnect ||
               verb == Verb::Kill || verb == Verb::Reload;
    }
};

/// A command, or why there is none.
struct Statement {
    std::optional<Command> command;
    LocalError error;
};

/// The statements of a text, split at semicolons; none for one of blanks and comments. Names are
/// folded to lower case unless they are quoted, as in SQL. What is not understood is never
/// repeated: it may be a literal.
std::vector<Statement> parse_commands(std::string_view text);

/// A column of an answer: numbers are int8, all else text.
struct Column {
    std::string_view name;
    bool number = false;
};
/// What a command answers with; empty for one without rows.
std::span<const Column> columns_of(const Command& command);

/// One line of SHOW HELP.
struct HelpLine {
    std::string_view command, meaning;
    bool changes;
};
std::span<const HelpLine> help();

}  // namespace pgsidecar::proxy::admin
