#include "proxy/io/data_plane.hpp"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <utility>

#include "proxy/io/listener.hpp"
#include "proxy/io/tls_store.hpp"
#include "proxy/io/worker.hpp"

namespace pgsidecar::proxy {

struct DataPlane::Impl {
    Impl(std::shared_ptr<const Options> given, DataPlaneEvents& given_events)
        : options(std::move(given)),
          events(given_events),
          tls(options->settings->tls, options->upstream) {}

    void place(const Listener::Accepted& accepted) {
        auto least =
            std::min_element(workers.begin(), workers.end(), [](const auto& a, const auto& b) {
                return a->shard().clients.get() < b->shard().clients.get();
            });
        (*least)->adopt(accepted.fd, accepted.unix_socket, accepted.local);
    }

    void cancel(std::size_t worker, int except_worker, std::int32_t pid, std::uint32_t secret) {
        if (static_cast<int>(worker) == except_worker) ++worker;
        if (worker >= workers.size()) return;
        workers[worker]->on_plane([=, this](Plane& plane, const base::Now& now) {
            if (plane.cancel(pid, secret, now)) return;
            std::size_t next = worker + 1;
            if (static_cast<int>(next) == except_worker) ++next;
            if (next >= workers.size()) return plane.shard().cancels_unknown_key.add();
            cancel(next, except_worker, pid, secret);
        });
    }

    std::string listen(base::ListeningSockets& inherited) {
        const auto& settings = options->settings->listen;
        std::string problem;
        if (!settings.address.empty()) {
            int fd = base::taken_if_port(std::exchange(inherited.clients, -1), settings.port);
            if (settings.reuse_port == config::Toggle::On) listener->share_port();
            if (fd < 0 || !listener->adopt_tcp(fd))
                problem = listener->open_tcp(settings.address, settings.port, settings.backlog);
        }
        if (!problem.empty() || settings.unix_socket_dir.empty()) return problem;
        int port = listener->port() != 0 ? listener->port() : settings.port;
        std::string path = Listener::unix_path(settings.unix_socket_dir, port);
        bool same = base::local_path(inherited.clients_unix) == path;
        if (same && listener->adopt_unix(std::exchange(inherited.clients_unix, -1))) return {};
        return listener->open_unix(settings.unix_socket_dir, port, settings.backlog);
    }

    /// A worker's own copy, with its share of the pool: at least one connection.
    static std::shared_ptr<const Options> share_of(const Options& whole, int worker, bool tls) {
        auto options = std::make_shared<Options>(whole);
        options->client_tls = tls;
        options->share = PoolShare::of(*whole.settings, worker);
        options->worker = worker;
        return options;
    }

    std::shared_ptr<const Options> options;
    DataPlaneEvents& events;
    TlsStore tls;
    std::vector<std::unique_ptr<Worker>> workers;
    std::unique_ptr<Listener> listener;
    bool started = false;
};

DataPlane::DataPlane(std::shared_ptr<const Options> options, DataPlaneEvents& events)
    : impl_(std::make_unique<Impl>(std::move(options), events)) {}

DataPlane::~DataPlane() { stop(); }

std::string DataPlane::start(base::ListeningSockets& inherited) {
    std::string problem;
    const auto& settings = *impl_->options->settings;
    if (problem = impl_->tls.load(); !problem.empty()) return problem;
    for (int i = 0; i < settings.workers; ++i) {
        impl_->workers.push_back(std::make_unique<Worker>(
            Impl::share_of(*impl_->options, i, impl_->tls.contexts().clients != nullptr),
            impl_->tls.contexts(), impl_->events, i));
    }
    impl_->listener = std::make_unique<Listener>(
        impl_->workers[0]->context(),
        [impl = impl_.get()](const Listener::Accepted& a) { impl->place(a); });
    problem = impl_->listen(inherited);
    if (!problem.empty()) return problem;
    impl_->listener->start();
    for (auto& worker : impl_->workers) worker->start();
    impl_->started = true;
    return {};
}

CertificateReport DataPlane::look_at_certificates() {
    CertificateReport report = impl_->tls.look();
    if (report.renewed > 0) {
        for (auto& worker : impl_->workers) worker->use_tls(impl_->tls.contexts());
    }
    return report;
}

int DataPlane::port() const { return impl_->listener->port(); }

void DataPlane::lend_sockets(base::ListeningSockets& sockets) {
    sockets.clients = impl_->listener->tcp_fd();
    sockets.clients_unix = impl_->listener->unix_fd();
}

void DataPlane::own_sockets() {
    impl_->workers[0]->post([impl = impl_.get()] { impl->listener->own_path(); });
}

void DataPlane::stop_listening() {
    impl_->workers[0]->post([impl = impl_.get()] {
        impl->listener->leave_path();
        impl->listener->stop();
    });
}

void DataPlane::drain() {
    for (auto& worker : impl_->workers) {
        worker->on_plane([](Plane& plane, const base::Now& now) { plane.drain(now); });
    }
}

std::size_t DataPlane::clients() const {
    std::int64_t sum = 0;
    for (auto& worker : impl_->workers) sum += worker->shard().clients.get();
    return static_cast<std::size_t>(sum);
}

void DataPlane::stop() {
    if (!impl_->started) return;
    impl_->started = false;
    impl_->workers[0]->post([impl = impl_.get()] { impl->listener->stop(); });
    for (auto& worker : impl_->workers) worker->stop();
}

void DataPlane::upstream_usable() {
    for (auto& worker : impl_->workers) {
        worker->on_plane([](Plane& plane, const base::Now& now) { plane.upstream_usable(now); });
    }
}

void DataPlane::spooled(int worker, std::function<Verdicts()> fetch) {
    impl_->workers[static_cast<std::size_t>(worker)]->on_plane(
        [fetch = std::move(fetch)](Plane& plane, const base::Now& now) {
            for (const auto& [token, verdict] : fetch()) plane.spooled(token, verdict, now);
        });
}

void DataPlane::user_answered(int worker, std::string user, UserAnswer answer) {
    for (std::size_t i = 0; i < impl_->workers.size(); ++i) {
        if (static_cast<int>(i) != worker && !answer.answered) continue;
        impl_->workers[i]->on_plane([user, answer](Plane& plane, const base::Now& now) {
            plane.user_answered(user, answer, now);
        });
    }
}

void DataPlane::spool_advanced() {
    for (auto& worker : impl_->workers) {
        worker->on_plane([](Plane& plane, const base::Now& now) { plane.spool_advanced(now); });
    }
}

void DataPlane::learn(model::LearnedSchemaPtr schema) {
    for (auto& worker : impl_->workers) {
        worker->on_plane([schema](Plane& plane, const base::Now&) { plane.learn(schema); });
    }
}

void DataPlane::learn(model::LearnedServer server) {
    for (auto& worker : impl_->workers) {
        worker->on_plane([server](Plane& plane, const base::Now&) { plane.learn(server); });
    }
}

void DataPlane::upstream_gone() {
    for (auto& worker : impl_->workers) {
        worker->on_plane([](Plane& plane, const base::Now&) { plane.upstream_gone(); });
    }
}

void DataPlane::reload(std::shared_ptr<const Options> options) {
    impl_->options = std::move(options);
    for (std::size_t i = 0; i < impl_->workers.size(); ++i)
        impl_->workers[i]->reload(Impl::share_of(*impl_->options, static_cast<int>(i),
                                                 impl_->tls.contexts().clients != nullptr));
}

// ---- the admin console

void DataPlane::on_all(const OnPlane& f, std::function<void()> done) {
    auto left = std::make_shared<std::atomic<std::size_t>>(impl_->workers.size());
    for (auto& worker : impl_->workers) {
        worker->on_plane([f, left, done](Plane& plane, const base::Now& now) {
            f(plane, now);
            if (left->fetch_sub(1) == 1) done();
        });
    }
}

void DataPlane::gather(admin::Detail detail, std::function<void(Facts)> done) {
    struct Collected {
        std::mutex mutex;
        Facts facts;
    };
    auto collected = std::make_shared<Collected>();
    auto look = [collected, detail](Plane& plane, const base::Now& now) {
        admin::WorkerFacts facts = plane.facts(now, detail);
        std::lock_guard lock(collected->mutex);
        collected->facts.push_back(std::move(facts));
    };
    on_all(look, [collected, done = std::move(done)] {
        Facts facts;
        {
            std::lock_guard lock(collected->mutex);
            facts = std::move(collected->facts);
        }
        std::sort(facts.begin(), facts.end(),
                  [](const auto& a, const auto& b) { return a.worker < b.worker; });
        done(std::move(facts));
    });
}

void DataPlane::console_answered(int worker, std::uint64_t token, admin::Answer answer) {
    impl_->workers[static_cast<std::size_t>(worker)]->on_plane(
        [token, answer = std::move(answer)](Plane& plane, const base::Now& now) mutable {
            plane.console_answered(token, std::move(answer), now);
        });
}

void DataPlane::cancel(int except_worker, std::int32_t pid, std::uint32_t secret) {
    impl_->cancel(0, except_worker, pid, secret);
}

std::size_t DataPlane::take_records(std::vector<model::OperationRecord>& out, std::size_t max,
                                    std::vector<std::uint64_t>* last) {
    std::size_t taken = 0;
    for (auto& worker : impl_->workers) {
        model::OperationRecord record;
        std::uint64_t sequence = 0;
        while (taken < max && worker->records().pop(record)) {
            sequence = record.sequence;
            out.push_back(std::move(record));
            ++taken;
        }
        if (last != nullptr) last->push_back(sequence);
    }
    return taken;
}

void DataPlane::records_on_disk(const std::vector<std::uint64_t>& taken, bool stored) {
    for (std::size_t i = 0; i < taken.size() && i < impl_->workers.size(); ++i) {
        if (taken[i] == 0) continue;
        impl_->workers[i]->on_plane(
            [sequence = taken[i], stored](Plane& plane, const base::Now& now) {
                plane.records_on_disk(sequence, stored, now);
            });
    }
}

std::vector<std::shared_ptr<const metrics::WorkerShard>> DataPlane::shards() const {
    std::vector<std::shared_ptr<const metrics::WorkerShard>> shards;
    for (auto& worker : impl_->workers) shards.push_back(worker->shared_shard());
    return shards;
}

std::int64_t DataPlane::slowest_tick_age_ns() const {
    std::int64_t now = base::read_clocks().mono_ns, oldest = now;
    for (auto& worker : impl_->workers) oldest = std::min(oldest, worker->last_tick_ns());
    return now - oldest;
}

}  // namespace pgsidecar::proxy
