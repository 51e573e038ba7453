#include "proxy/core/client_census.hpp"

namespace pgsidecar::proxy {

namespace {

std::int64_t count_of(const std::map<std::string, std::int64_t>& counts, const std::string& name) {
    auto it = counts.find(name);
    return it == counts.end() ? 0 : it->second;
}

void take_one(std::map<std::string, std::int64_t>& counts, const std::string& name) {
    auto it = counts.find(name);
    if (it != counts.end() && --it->second == 0) counts.erase(it);
}

}  // namespace

ClientCensus::Seat::~Seat() {
    --census_.total_;
    if (!named_) return;
    std::lock_guard lock(census_.mutex_);
    take_one(census_.users_, user_);
    take_one(census_.databases_, database_);
}

ClientCensus::Full ClientCensus::name(Seat& seat, const std::string& user,
                                      const std::string& database, std::int64_t max_of_user,
                                      std::int64_t max_of_database) {
    std::lock_guard lock(mutex_);
    if (max_of_user > 0 && count_of(users_, user) >= max_of_user) return Full::User;
    if (max_of_database > 0 && count_of(databases_, database) >= max_of_database)
        return Full::Database;
    ++users_[user];
    ++databases_[database];
    seat.user_ = user;
    seat.database_ = database;
    seat.named_ = true;
    return Full::No;
}

}  // namespace pgsidecar::proxy
