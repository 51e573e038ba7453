#include "ws/write_rounds.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <utility>

namespace pgsidecar::ws {
namespace {

/// Members that are served before other work of the thread has its turn: about a millisecond.
constexpr std::size_t kStep = 256;

}  // namespace

void WriteRounds::add(std::shared_ptr<Member> member) {
    next_.push_back(std::move(member));
    if (!std::exchange(scheduled_, true)) schedule();
}

void WriteRounds::schedule() {
    auto due = begun_ + interval_;
    if (std::chrono::steady_clock::now() >= due) {
        boost::asio::post(context_, [this] { begin(); });
        return;
    }
    timer_.expires_at(due);
    timer_.async_wait([this](boost::system::error_code fault) {
        if (!fault) begin();
    });
}

void WriteRounds::begin() {
    begun_ = std::chrono::steady_clock::now();
    round_.clear();
    round_.swap(next_);
    done_ = 0;
    step();
}

void WriteRounds::step() {
    std::size_t from = done_;
    done_ = std::min(from + kStep, round_.size());
    bool last = done_ == round_.size();
    // Before the members have their turn: one that throws does not end the rounds of the others.
    if (!last) {
        boost::asio::post(context_, [this] { step(); });
    } else {
        scheduled_ = !next_.empty();
        if (scheduled_) schedule();
    }
    for (std::size_t i = from; i < done_; ++i) round_[i]->write_round();
    if (last) round_.clear();
}

}  // namespace pgsidecar::ws
