#include "db/user_lookup.hpp"

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <deque>
#include <utility>

#include "base/log.hpp"
#include "db/libpq_adapter.hpp"

namespace pgsidecar::db {
namespace {

struct Question {
    std::string user;
    UserLookup::Done done;
};

LibpqAdapter::Options adapter_options(const UserLookup::Options& options) {
    LibpqAdapter::Options made;
    made.connection_id = "auth.query";
    made.mode = options.mode;
    made.statement_timeout_ms = options.timeout_ms;
    return made;
}

/// A name that the database cannot even read is nobody's.
bool is_bad_name(const Error& error) { return error.sqlstate.starts_with("22"); }

UserLookup::Answer answer_of(const Rows& rows, const std::string& user) {
    UserLookup::Answer answer;
    answer.answered = true;
    // Another name than the asked one: PostgreSQL cuts names at 63 bytes.
    bool found = !rows.empty() && rows.columns.size() >= 2 && rows.rows[0][0] == user;
    if (found) answer.secret = rows.rows[0][1];
    return answer;
}

}  // namespace

struct UserLookup::State : std::enable_shared_from_this<State> {
    State(asio::any_io_executor given, config::Upstream upstream, Options wanted)
        : executor(given),
          options(std::move(wanted)),
          adapter(given, std::move(upstream), adapter_options(options)) {}

    static asio::awaitable<void> work(std::shared_ptr<State> self);
    asio::awaitable<Result<Rows>> ask(std::string user);
    void settle(const Result<Rows>& rows, const Question& question);
    void note(const Error& error);

    asio::any_io_executor executor;
    Options options;
    LibpqAdapter adapter;
    std::deque<Question> questions;
    bool working = false, stopped = false, failing = false;
};

asio::awaitable<Result<Rows>> UserLookup::State::ask(std::string user) {
    bool kept = adapter.is_connected();
    std::vector<Value> name;
    name.emplace_back(std::move(user));
    for (;;) {
        if (!adapter.is_connected()) {
            auto connected = co_await adapter.connect(options.timeout_ms);
            if (!connected) co_return connected.error();
        }
        auto rows = co_await adapter.query(options.query, name);
        // The kept connection may have ended since it was used last.
        if (rows || !std::exchange(kept, false) || adapter.is_connected()) co_return rows;
    }
}

void UserLookup::State::note(const Error& error) {
    if (std::exchange(failing, true)) return;
    base::log::warn(
        "auth", "auth.query is not answered",
        {{"cause", error.message}, {"sqlstate", error.sqlstate}, {"next_step", error.resolution}});
}

void UserLookup::State::settle(const Result<Rows>& rows, const Question& question) {
    if (rows) {
        if (std::exchange(failing, false)) base::log::info("auth", "auth.query is answered again");
        return question.done(answer_of(*rows, question.user));
    }
    Answer answer;
    answer.answered = is_bad_name(rows.error());
    if (!answer.answered) note(rows.error());
    question.done(answer);
    if (answer.answered || adapter.is_connected()) return;
    // Each of them would wait as long as this one has.
    auto waiting = std::exchange(questions, {});
    for (const Question& other : waiting) other.done(answer);
}

asio::awaitable<void> UserLookup::State::work(std::shared_ptr<State> self) {
    while (!self->questions.empty() && !self->stopped) {
        Question question = std::move(self->questions.front());
        self->questions.pop_front();
        auto rows = co_await self->ask(question.user);
        if (self->stopped) break;
        self->settle(rows, question);
    }
    self->working = false;
}

UserLookup::UserLookup(asio::any_io_executor executor, config::Upstream upstream, Options options)
    : state_(std::make_shared<State>(executor, std::move(upstream), std::move(options))) {}

UserLookup::~UserLookup() { stop(); }

void UserLookup::look_up(std::string user, Done done) {
    if (state_->stopped) return;
    state_->questions.push_back({std::move(user), std::move(done)});
    if (std::exchange(state_->working, true)) return;
    asio::co_spawn(state_->executor, State::work(state_), asio::detached);
}

void UserLookup::stop() {
    if (std::exchange(state_->stopped, true)) return;
    state_->questions.clear();
    state_->adapter.disconnect();
}

}  // namespace pgsidecar::db
