#include "audit/spool_commands.hpp"

#include <poll.h>

#include <chrono>
#include <limits>
#include <optional>

#include "audit/spool_file.hpp"
#include "audit/spool_open.hpp"
#include "audit/spool_query.hpp"

namespace pgsidecar::audit {
namespace {

constexpr int kLookEveryMs = 50;

bool answer_with(SpoolConnection& connection, std::int64_t id, const std::string& result) {
    SpoolQuery query(connection, "UPDATE commands SET result = ? WHERE id = ?");
    return query.text(result).bind(id).run();
}

std::vector<std::uint64_t> chosen(SpoolFile& file, const SpoolCommand& command) {
    if (command.sequence != 0) return {command.sequence};
    std::vector<std::uint64_t> all;
    SpoolQuery rows(file.connection(), "SELECT sequence FROM dead ORDER BY sequence");
    while (rows.next()) all.push_back(rows.number(0));
    return all;
}

std::optional<std::int64_t> put_command(SpoolConnection& connection, const SpoolCommand& command) {
    SpoolQuery insert(connection, "INSERT INTO commands(verb, sequence) VALUES(?, ?) RETURNING id");
    if (!insert.text(command.verb).bind(command.sequence).next()) return std::nullopt;
    const std::int64_t id = insert.integer(0);
    if (insert.next() || connection.failure() != SpoolFailure::None) return std::nullopt;
    return id;
}

std::string result_of(SpoolConnection& connection, std::int64_t id) {
    SpoolQuery query(connection, "SELECT result FROM commands WHERE id = ?");
    return query.bind(id).next() ? std::string(query.bytes(0)) : std::string();
}

}  // namespace

std::vector<SpoolCommand> open_commands(SpoolConnection& connection) {
    std::vector<SpoolCommand> out;
    SpoolQuery rows(connection,
                    "SELECT id, verb, sequence FROM commands WHERE result IS NULL ORDER BY id");
    while (rows.next())
        out.push_back({rows.integer(0), std::string(rows.bytes(1)), rows.number(2)});
    return out;
}

bool carry_out(SpoolFile& file, const SpoolCommand& command) {
    if (command.verb != "retry" && command.verb != "discard")
        return answer_with(file.connection(), command.id, "unknown");
    std::uint64_t done = 0;
    std::uint64_t left = 0;
    for (const auto sequence : chosen(file, command)) {
        const auto outcome =
            command.verb == "retry" ? file.retry(sequence) : file.discard(sequence);
        if (!outcome) return false;
        ++(*outcome ? done : left);
    }
    return answer_with(file.connection(), command.id,
                       std::to_string(done) + " done, " + std::to_string(left) + " not possible");
}

bool ask_running_sidecar(const std::string& folder, const SpoolCommand& command, int timeout_ms,
                         std::string& answer) {
    SpoolConnection connection;
    if (!connection.open(SpoolPaths(folder).database, SpoolConnection::Mode::ReadWrite, {}) ||
        !connection.run("PRAGMA synchronous = FULL")) {
        answer = "its file cannot be opened: " + connection.failure_text();
        return false;
    }
    const auto id = put_command(connection, command);
    if (!id) {
        answer = "its file cannot be written: " + connection.failure_text();
        return false;
    }
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms);
    while (connection.failure() == SpoolFailure::None) {
        answer = result_of(connection, *id);
        const bool late = std::chrono::steady_clock::now() >= deadline;
        if (!answer.empty() || late) break;
        ::poll(nullptr, 0, kLookEveryMs);  // another process answers through the file alone
    }
    const bool answered = !answer.empty();
    if (!answered) answer = "it has not answered";
    SpoolQuery remove(connection, "DELETE FROM commands WHERE id = ?");
    remove.bind(*id).run();
    return answered;
}

}  // namespace pgsidecar::audit
