#include "audit/spool.hpp"

#include <utility>

#include "audit/spool_learned.hpp"
#include "audit/spool_lock.hpp"
#include "audit/spool_open.hpp"
#include "audit/spool_worker.hpp"
#include "base/crash_point.hpp"

namespace pgsidecar::audit {

struct Spool::Impl {
    explicit Impl(Options given)
        : options(std::move(given)),
          progress(options.progress != nullptr ? *options.progress : own_progress) {}

    Options options;
    SpoolLock lock;  // held until the file is closed
    model::SpoolProgress own_progress;
    model::SpoolProgress& progress;
    std::string id;
    std::vector<model::LearnedServer> servers;
    std::vector<model::LearnedSchemaPtr> schemas;
    std::unique_ptr<SpoolWorker> worker;
};

Spool::Spool(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Spool::~Spool() = default;

std::unique_ptr<Spool> Spool::open(Options options, std::string& problem) {
    auto impl = std::make_unique<Impl>(std::move(options));
    problem = make_spool_folder(impl->options.folder);
    if (problem.empty()) problem = impl->lock.take(impl->options.folder);
    if (!problem.empty()) return nullptr;
    auto opened = open_spool_file(impl->options, false);
    problem = opened.problem;
    if (!opened.file) return nullptr;

    auto& file = *opened.file;
    impl->id = file.id();
    impl->servers = learned_servers(file.connection());
    impl->schemas = learned_schemas(file.connection());
    for (const auto& [table, sequence] : opened.last_of_table)
        impl->progress.accept(sequence, table);
    const auto last = file.counts().state.last_sequence;
    if (last > 0) impl->progress.accept(last, {});
    const auto first = file.first();
    impl->progress.settle(first ? first->sequence - 1 : last);
    impl->worker = std::make_unique<SpoolWorker>(impl->options, impl->progress, std::move(opened));
    return std::unique_ptr<Spool>(new Spool(std::move(impl)));
}

const std::string& Spool::id() const { return impl_->id; }
model::SpoolProgress& Spool::progress() { return impl_->progress; }
void Spool::close() { impl_->worker->stop(); }
SpoolStats Spool::stats() const { return impl_->worker->stats(); }

void Spool::append(model::SpoolEntry entry, Appended done) {
    base::crash_point("accept");
    impl_->worker->push(spool_request::Append{std::move(entry), std::move(done)});
}

void Spool::append_records(std::string body, std::uint32_t count,
                           std::function<void(bool)> on_disk) {
    impl_->worker->push(spool_request::AppendRecords{std::move(body), count, std::move(on_disk)});
}

void Spool::read(std::uint64_t after, std::size_t max_entries, std::size_t max_bytes,
                 std::function<void(std::vector<StoredEntry>)> done) {
    impl_->worker->push(spool_request::Read{after, max_entries, max_bytes, std::move(done)});
}

void Spool::settle(std::uint64_t through, std::function<void(bool)> done) {
    impl_->worker->push(spool_request::Settle{through, std::move(done)});
}

void Spool::bury(std::uint64_t sequence, std::string sqlstate, std::string message,
                 std::function<void(bool)> done) {
    impl_->worker->push(
        spool_request::Bury{sequence, std::move(sqlstate), std::move(message), std::move(done)});
}

void Spool::read_records(std::uint64_t after, std::size_t max_bytes,
                         std::function<void(std::vector<StoredRecords>)> done) {
    impl_->worker->push(spool_request::ReadRecords{after, max_bytes, std::move(done)});
}

void Spool::settle_records(std::uint64_t through, std::function<void(bool)> done) {
    impl_->worker->push(spool_request::SettleRecords{through, std::move(done)});
}

void Spool::dead_letters(std::size_t max, std::function<void(std::vector<DeadLetter>)> done) {
    impl_->worker->push(spool_request::DeadLetters{max, std::move(done)});
}

void Spool::browse(BrowseQuery query, std::function<void(Browsed)> done) {
    impl_->worker->push(spool_request::Browse{query, std::move(done)});
}

void Spool::retry(std::uint64_t sequence, std::function<void(bool)> done) {
    impl_->worker->push(spool_request::Retry{sequence, std::move(done)});
}

void Spool::discard(std::uint64_t sequence, std::function<void(bool)> done) {
    impl_->worker->push(spool_request::Discard{sequence, std::move(done)});
}

void Spool::remember(model::LearnedServer server) {
    impl_->worker->push(spool_request::RememberServer{std::move(server)});
}

void Spool::remember(model::LearnedSchema schema) {
    impl_->worker->push(spool_request::RememberSchema{std::move(schema)});
}

const std::vector<model::LearnedServer>& Spool::known_servers() const { return impl_->servers; }
const std::vector<model::LearnedSchemaPtr>& Spool::known_schemas() const { return impl_->schemas; }

}  // namespace pgsidecar::audit
