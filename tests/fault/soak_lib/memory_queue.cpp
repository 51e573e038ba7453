#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "tests/fault/soak_lib/target.hpp"
#include "tests/support/fake_server.hpp"
#include "tests/support/pq.hpp"

namespace pgsidecar::test::soak {

namespace {

constexpr std::size_t kMostQueued = 1'000;

class MemoryQueueTarget final : public Target {
public:
    explicit MemoryQueueTarget(int gate_port)
        : upstream_("host=127.0.0.1 port=" + std::to_string(gate_port) +
                    " user=postgres dbname=postgres sslmode=disable gssencmode=disable"),
          server_([this](FakeConnection& connection) { serve(connection); }) {
        for (auto& thread : flushers_) thread = std::thread([this] { flush(); });
    }

    ~MemoryQueueTarget() override {
        {
            std::lock_guard lock(mutex_);
            stopping_ = true;
        }
        wake_.notify_all();
        room_.notify_all();
        for (auto& thread : flushers_) thread.join();
    }

    std::string conninfo() const override {
        return "host=127.0.0.1 port=" + std::to_string(server_.port()) +
               " user=postgres dbname=postgres sslmode=disable gssencmode=disable";
    }
    void launch(const std::string&) override { up_ = true; }
    /// What is in memory dies with the process.
    void kill() override {
        up_ = false;
        std::lock_guard lock(mutex_);
        queue_.clear();
        room_.notify_all();
    }
    bool running() override { return up_; }
    bool settled() override {
        std::lock_guard lock(mutex_);
        return queue_.empty() && in_flight_ == 0;
    }

private:
    void serve(FakeConnection& connection) {
        if (!up_ || !connection.accept_login()) return;
        std::string block;
        bool in_block = false;
        while (auto message = connection.read_message()) {
            if (!up_ || message->type != 'Q') return;
            std::string sql = message->body.substr(0, message->body.find('\0'));
            std::string answer;
            if (sql == "begin") {
                in_block = true, block = sql, answer = "BEGIN";
            } else if (sql == "commit" || sql == "rollback") {
                if (sql == "commit") push(block + "; commit");
                in_block = false, answer = sql == "commit" ? "COMMIT" : "ROLLBACK";
            } else if (in_block) {
                block += "; " + sql, answer = "INSERT 0 1";
            } else {
                push(sql), answer = "INSERT 0 1";
            }
            if (!connection.send(wire::command_complete(answer) +
                                 wire::ready(in_block ? 'T' : 'I')))
                return;
        }
    }

    void push(std::string sql) {
        std::unique_lock lock(mutex_);
        room_.wait(lock, [this] { return stopping_ || queue_.size() < kMostQueued; });
        queue_.push_back(std::move(sql));
        wake_.notify_one();
    }

    void flush() {
        auto connection = PqConnection::try_connect(upstream_);
        std::unique_lock lock(mutex_);
        while (true) {
            wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
            if (stopping_) return;
            std::string sql = std::move(queue_.front());
            queue_.pop_front();
            room_.notify_one();
            ++in_flight_;
            lock.unlock();
            bool done = connection.connected() && connection.query(sql).ok();
            if (!done) connection = PqConnection::try_connect(upstream_);
            lock.lock();
            --in_flight_;
            if (!done) queue_.push_back(std::move(sql));  // it may have happened, and is late now
        }
    }

    std::string upstream_;
    std::mutex mutex_;
    std::condition_variable wake_, room_;
    std::deque<std::string> queue_;
    int in_flight_ = 0;
    bool stopping_ = false;
    std::atomic<bool> up_{false};
    std::thread flushers_[2];
    FakeServer server_;
};

}  // namespace

std::unique_ptr<Target> memory_queue_target(int gate_port) {
    return std::make_unique<MemoryQueueTarget>(gate_port);
}

}  // namespace pgsidecar::test::soak
