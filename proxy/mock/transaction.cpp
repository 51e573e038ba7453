#include "proxy/mock/transaction.hpp"

#include <algorithm>
#include <utility>

namespace pgsidecar::proxy::mock {

namespace {
constexpr std::size_t kMaxSavepoints = 1'000;
}

void Transaction::fail() {
    if (idle()) {
        gucs_.restore(before_);
    } else {
        status_ = Status::Failed;
    }
}

void Transaction::begin() {
    if (!idle()) return;
    before_ = gucs_.state();
    status_ = Status::InTransaction;
}

bool Transaction::commit() {
    bool good = !failed();
    if (!good) gucs_.restore(before_);
    gucs_.end_transaction();
    status_ = Status::Idle;
    savepoints_.clear();
    return good;
}

void Transaction::rollback() {
    if (!idle()) status_ = Status::Failed;
    commit();
}

std::vector<Transaction::Savepoint>::iterator Transaction::find(std::string_view name) {
    auto found = std::find_if(savepoints_.rbegin(), savepoints_.rend(),
                              [&](const Savepoint& s) { return s.name == name; });
    return found == savepoints_.rend() ? savepoints_.end() : found.base() - 1;
}

bool Transaction::savepoint(std::string name) {
    if (savepoints_.size() >= kMaxSavepoints) return false;
    savepoints_.push_back({std::move(name), gucs_.state()});
    return true;
}

bool Transaction::release(std::string_view name) {
    auto found = find(name);
    if (found == savepoints_.end()) return false;
    savepoints_.erase(found, savepoints_.end());
    return true;
}

bool Transaction::rollback_to(std::string_view name) {
    auto found = find(name);
    if (found == savepoints_.end()) return false;
    gucs_.restore(found->gucs);
    status_ = Status::InTransaction;
    savepoints_.erase(found + 1, savepoints_.end());
    return true;
}

}  // namespace pgsidecar::proxy::mock
