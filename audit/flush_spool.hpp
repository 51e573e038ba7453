#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "audit/spool.hpp"
#include "model/spool_progress.hpp"

namespace pgsidecar::audit {

/// What the flusher needs of the spool; each function is Spool's of the same name. Thread: any;
/// callbacks come on a thread of the spool's and must not block it.
class SpoolReader {
public:
    virtual ~SpoolReader() = default;
    virtual std::string id() const = 0;
    virtual const model::SpoolProgress& progress() const = 0;
    virtual SpoolStats stats() const = 0;
    virtual void read(std::uint64_t after, std::size_t max_entries, std::size_t max_bytes,
                      std::function<void(std::vector<StoredEntry>)> done) = 0;
    virtual void settle(std::uint64_t through, std::function<void(bool)> done) = 0;
    virtual void bury(std::uint64_t sequence, std::string sqlstate, std::string message,
                      std::function<void(bool)> done) = 0;
    virtual void read_records(std::uint64_t after, std::size_t max_bytes,
                              std::function<void(std::vector<StoredRecords>)> done) = 0;
    virtual void settle_records(std::uint64_t through, std::function<void(bool)> done) = 0;
};

/// The real spool as a SpoolReader. Lifetime: the spool's is longer.
class SpoolAccess final : public SpoolReader {
public:
    explicit SpoolAccess(Spool& spool) : spool_(spool) {}

    std::string id() const override { return spool_.id(); }
    const model::SpoolProgress& progress() const override { return spool_.progress(); }
    SpoolStats stats() const override { return spool_.stats(); }
    void read(std::uint64_t after, std::size_t max_entries, std::size_t max_bytes,
              std::function<void(std::vector<StoredEntry>)> done) override {
        spool_.read(after, max_entries, max_bytes, std::move(done));
    }
    void settle(std::uint64_t through, std::function<void(bool)> done) override {
        spool_.settle(through, std::move(done));
    }
    void bury(std::uint64_t sequence, std::string sqlstate, std::string message,
              std::function<void(bool)> done) override {
        spool_.bury(sequence, std::move(sqlstate), std::move(message), std::move(done));
    }
    void read_records(std::uint64_t after, std::size_t max_bytes,
                      std::function<void(std::vector<StoredRecords>)> done) override {
        spool_.read_records(after, max_bytes, std::move(done));
    }
    void settle_records(std::uint64_t through, std::function<void(bool)> done) override {
        spool_.settle_records(through, std::move(done));
    }

private:
    Spool& spool_;
};

}  // namespace pgsidecar::audit
