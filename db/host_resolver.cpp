#include "db/host_resolver.hpp"

#include <asio/experimental/as_tuple.hpp>
#include <asio/ip/address.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <memory>
#include <string>
#include <utility>

namespace pgsidecar::db {
namespace {

/// Outlives the coroutine that gave up on it.
struct Lookup {
    explicit Lookup(const asio::any_io_executor& executor)
        : resolver(executor), answered(executor) {}

    asio::ip::tcp::resolver resolver;
    asio::steady_timer answered;
    std::vector<std::string> addresses;
    bool done = false;
};

/// Calls back instead of co_await: a getaddrinfo() under way cannot be cancelled, only left behind.
void begin(const std::shared_ptr<Lookup>& lookup, const std::string& host) {
    lookup->resolver.async_resolve(
        host, "", asio::ip::tcp::resolver::address_configured,
        [lookup](std::error_code error, const asio::ip::tcp::resolver::results_type& results) {
            if (!error) {
                for (const auto& entry : results) {
                    lookup->addresses.push_back(entry.endpoint().address().to_string());
                }
            }
            lookup->done = true;
            lookup->answered.expires_at(TimePoint::min());
        });
}

/// Addresses of one name; none when it is not known. TIMEOUT when nobody answered.
asio::awaitable<Result<std::vector<std::string>>> look_up(asio::any_io_executor executor,
                                                          std::string host, Limit limit) {
    auto lookup = std::make_shared<Lookup>(executor);
    lookup->answered.expires_at(limit.deadline);
    begin(lookup, host);
    co_await lookup->answered.async_wait(asio::experimental::as_tuple(asio::use_awaitable));
    if (!lookup->done) {
        lookup->resolver.cancel();
        co_return Error(model::timed_out(limit.timeout_ms, model::ErrorPhase::Connect));
    }
    co_return std::move(lookup->addresses);
}

bool is_address(const std::string& host) {
    std::error_code error;
    asio::ip::make_address(host, error);
    return !error;
}

}  // namespace

asio::awaitable<Result<std::vector<Endpoint>>> resolve_hosts(asio::any_io_executor executor,
                                                             std::vector<config::HostPort> hosts,
                                                             Limit limit) {
    std::vector<Endpoint> endpoints;
    Error error = model::host_not_found();
    for (const auto& host : hosts) {
        if (host.is_unix_socket() || host.host.starts_with('@')) {
            endpoints.push_back({host.host, "", host.port});
            continue;
        }
        if (is_address(host.host)) {
            endpoints.push_back({host.host, host.host, host.port});
            continue;
        }
        auto addresses = co_await look_up(executor, host.host, limit);
        if (!addresses) {
            error = addresses.error();
            continue;
        }
        for (auto& address : *addresses) endpoints.push_back({host.host, address, host.port});
    }
    if (endpoints.empty()) co_return error;
    co_return endpoints;
}

}  // namespace pgsidecar::db
