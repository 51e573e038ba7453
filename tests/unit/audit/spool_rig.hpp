#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "audit/spool.hpp"

namespace pgsidecar::audit::test {

/// Waits for what a callback brings, at most so long.
template <class T>
T wait(std::future<T> future) {
    if (future.wait_for(std::chrono::seconds(30)) != std::future_status::ready) {
        ADD_FAILURE() << "no callback within 30 s";
        return T{};
    }
    return future.get();
}

/// A folder of its own for each test; in memory where there is such a place, because these tests
/// sync thousands of times.
class Folder {
public:
    Folder() {
        std::string pattern =
            (::access("/dev/shm", W_OK) == 0 ? std::string("/dev/shm/") : testing::TempDir()) +
            "spool-test-XXXXXX";
        path_ = ::mkdtemp(pattern.data());
    }
    ~Folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    const std::string& path() const { return path_; }

private:
    std::string path_;
};

inline std::string content_of(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

inline void write_content(const std::string& path, const std::string& content) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << content;
}

/// Copies a folder by another process: closing a file of SQLite's in this one would free its locks.
inline void copy_folder(const std::string& from, const std::string& to) {
    std::filesystem::remove_all(to);
    const std::string command = "cp -a '" + from + "' '" + to + "'";
    ASSERT_EQ(std::system(command.c_str()), 0);
}

inline model::SpoolContextPtr context_of(const std::string& user) {
    auto* context = new model::SpoolContext;
    context->user = user;
    context->database = "shop";
    context->service = "api";
    context->session_id = "s1";
    context->settings = {{"client_encoding", "UTF8"}, {"search_path", "\"a\tb\\c\", public\n"}};
    return model::SpoolContextPtr(context);
}

inline model::SpoolStatement statement_of(const std::string& sql,
                                          const std::string& table = "audit_logs") {
    model::SpoolStatement statement;
    statement.sql = sql;
    statement.table = table;
    statement.types = {25, 0, 4'294'967'295U};
    statement.parameters = std::string("\0\1\0\0", 4) + sql;
    statement.rows = 2;
    return statement;
}

inline model::SpoolEntry entry_of(const std::string& sql,
                                  model::OutageClass outage_class = model::OutageClass::Durable) {
    static const auto context = context_of("app");
    model::SpoolEntry entry;
    entry.outage_class = outage_class;
    entry.context = context;
    entry.statements.push_back(statement_of(sql));
    return entry;
}

/// A spool in a folder of its own, with blocking functions in front of it.
class SpoolRig : public testing::Test {
protected:
    SpoolRig() {
        options_.folder = folder_.path() + "/spool";
        options_.max_bytes = 1'000'000'000;
        options_.max_entries = 1'000'000;
        options_.max_entry_bytes = 100'000;
        options_.queue_max_entries = 1'000;
        options_.buffer_max_bytes = 1'000'000;
        options_.records_max_bytes = 1'000'000;
        options_.probe_interval_ms = 5;
        options_.reopen_interval_ms = 5;
        options_.on_usable = [this](const std::string& problem) { usable_.push(problem); };
        options_.on_dead = [this](const DeadLetter& letter) { dead_.push(letter.message); };
    }
    ~SpoolRig() override { spool_.reset(); }

    /// What the spool's thread announces, to be waited for.
    class Announcements {
    public:
        void push(std::string text) {
            {
                std::lock_guard lock(mutex_);
                texts_.push_back(std::move(text));
            }
            more_.notify_all();
        }
        /// The next one that `wanted` takes; those before it are dropped.
        std::string next(const std::function<bool(const std::string&)>& wanted) {
            std::unique_lock lock(mutex_);
            const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
            while (true) {
                while (!texts_.empty()) {
                    std::string text = std::move(texts_.front());
                    texts_.erase(texts_.begin());
                    if (wanted(text)) return text;
                }
                if (more_.wait_until(lock, deadline) == std::cv_status::timeout) {
                    ADD_FAILURE() << "nothing announced within 30 s";
                    return "nothing announced";
                }
            }
        }
        std::string next() {
            return next([](const std::string&) { return true; });
        }

    private:
        std::mutex mutex_;
        std::condition_variable more_;
        std::vector<std::string> texts_;
    };

    void open() {
        std::string problem;
        spool_ = Spool::open(options_, problem);
        ASSERT_TRUE(spool_) << problem;
        EXPECT_EQ(problem, "");
    }
    std::string open_problem() {
        std::string problem;
        spool_ = Spool::open(options_, problem);
        EXPECT_FALSE(spool_);
        return problem;
    }
    void reopen() {
        spool_.reset();
        open();
    }

    std::future<model::SpoolVerdict> start_append(model::SpoolEntry entry) {
        auto promise = std::make_shared<std::promise<model::SpoolVerdict>>();
        auto future = promise->get_future();
        spool_->append(std::move(entry),
                       [promise](const model::SpoolVerdict& v) { promise->set_value(v); });
        return future;
    }
    model::SpoolVerdict append(model::SpoolEntry entry) {
        return wait(start_append(std::move(entry)));
    }
    model::SpoolVerdict append(const std::string& sql) { return append(entry_of(sql)); }

    template <class Call>
    bool done(Call call) {
        auto promise = std::make_shared<std::promise<bool>>();
        auto future = promise->get_future();
        call([promise](bool good) { promise->set_value(good); });
        return wait(std::move(future));
    }
    bool settle(std::uint64_t through) {
        return done([&](auto f) { spool_->settle(through, f); });
    }
    bool bury(std::uint64_t sequence) {
        return done([&](auto f) { spool_->bury(sequence, "23505", "duplicate key", f); });
    }
    bool retry(std::uint64_t sequence) {
        return done([&](auto f) { spool_->retry(sequence, f); });
    }
    bool discard(std::uint64_t sequence) {
        return done([&](auto f) { spool_->discard(sequence, f); });
    }
    bool append_records(const std::string& body, std::uint32_t count) {
        return done([&](auto f) { spool_->append_records(body, count, f); });
    }
    bool settle_records(std::uint64_t through) {
        return done([&](auto f) { spool_->settle_records(through, f); });
    }
    std::vector<StoredEntry> read(std::uint64_t after = 0, std::size_t max_entries = 100'000,
                                  std::size_t max_bytes = 1'000'000'000) {
        auto promise = std::make_shared<std::promise<std::vector<StoredEntry>>>();
        auto future = promise->get_future();
        spool_->read(after, max_entries, max_bytes,
                     [promise](auto entries) { promise->set_value(std::move(entries)); });
        return wait(std::move(future));
    }
    std::vector<std::string> texts(std::uint64_t after = 0) {
        std::vector<std::string> out;
        for (const auto& stored : read(after)) out.push_back(stored.entry.statements[0].sql);
        return out;
    }
    std::vector<StoredRecords> read_records(std::uint64_t after = 0,
                                            std::size_t max_bytes = 1'000'000) {
        auto promise = std::make_shared<std::promise<std::vector<StoredRecords>>>();
        auto future = promise->get_future();
        spool_->read_records(after, max_bytes,
                             [promise](auto rows) { promise->set_value(std::move(rows)); });
        return wait(std::move(future));
    }
    std::vector<DeadLetter> dead_letters(std::size_t max = 1'000) {
        auto promise = std::make_shared<std::promise<std::vector<DeadLetter>>>();
        auto future = promise->get_future();
        spool_->dead_letters(max, [promise](auto dead) { promise->set_value(std::move(dead)); });
        return wait(std::move(future));
    }

    /// A moment at which the spool's thread is held up, so that what is queued meanwhile is there
    /// at once when it goes on.
    class HeldUp {
    public:
        explicit HeldUp(Spool& spool) {
            std::promise<void> reached;
            auto at = reached.get_future();
            spool.dead_letters(0, [&reached, go = go_.get_future().share()](auto) {
                reached.set_value();
                go.wait();
            });
            at.wait();
        }
        ~HeldUp() { go_.set_value(); }

    private:
        std::promise<void> go_;
    };

    std::string database() const { return options_.folder + "/spool.sqlite"; }

    Folder folder_;
    Spool::Options options_;
    Announcements usable_, dead_;
    std::unique_ptr<Spool> spool_;
};

}  // namespace pgsidecar::audit::test
