#include "tests/fault/soak_lib/checker.hpp"

#include <unordered_map>

namespace pgsidecar::test::soak {

namespace {

constexpr std::size_t kMostExamples = 12;

std::string name_of(int client, int number) {
    return std::to_string(client) + "/" + std::to_string(number);
}

std::uint64_t key_of(int client, int number) {
    return static_cast<std::uint64_t>(static_cast<std::uint32_t>(client)) << 32 |
           static_cast<std::uint32_t>(number);
}

class Checker {
public:
    explicit Checker(const std::vector<Journal>& journals) {
        for (const auto& journal : journals) {
            for (const auto& attempt : journal.attempts) expect(attempt);
            tally_.stale_reads += static_cast<std::uint64_t>(journal.stale_reads);
            tally_.unanswered += static_cast<std::uint64_t>(journal.unanswered);
        }
    }

    Tally check(const std::vector<Journal>& journals, const std::vector<Row>& rows) {
        for (const auto& row : rows) see(row);
        for (const auto& journal : journals)
            for (const auto& attempt : journal.attempts) judge(attempt);
        return std::move(tally_);
    }

private:
    struct Expected {
        const Attempt* attempt = nullptr;
        int seen = 0;
    };

    void expect(const Attempt& attempt) {
        for (int i = 0; i < attempt.count; ++i)
            expected_[key_of(attempt.client, attempt.first + i)].attempt = &attempt;
    }

    void see(const Row& row) {
        ++tally_.applied;
        auto it = expected_.find(key_of(row.client, row.number));
        if (it == expected_.end()) {
            ++tally_.strays;
            return note("nobody wrote " + name_of(row.client, row.number));
        }
        const Attempt& attempt = *it->second.attempt;
        if (row.payload != payload_of(row.client, row.number)) {
            ++tally_.garbled;
            note("payload of " + name_of(row.client, row.number) + " is not what was sent, " +
                 attempt.how);
        }
        if (it->second.seen++ > 0) {
            ++tally_.duplicated;
            return note(name_of(row.client, row.number) + " is there twice, " + attempt.how);
        }
        if (attempt.outcome == Outcome::Acknowledged) hold_order(row, attempt);
    }

    /// A client waits for each answer, so an acknowledged number must not come before an older one.
    void hold_order(const Row& row, const Attempt& attempt) {
        auto [it, first] = newest_.try_emplace(row.client, row.number);
        if (first) return;
        if (row.number < it->second) {
            ++tally_.out_of_order;
            note(name_of(row.client, row.number) + " came after " +
                 name_of(row.client, it->second) + ", " + attempt.how);
        } else {
            it->second = row.number;
        }
    }

    void judge(const Attempt& attempt) {
        int there = 0;
        for (int i = 0; i < attempt.count; ++i)
            there += expected_[key_of(attempt.client, attempt.first + i)].seen > 0 ? 1 : 0;
        auto all = static_cast<std::uint64_t>(attempt.count);
        auto seen = static_cast<std::uint64_t>(there);
        switch (attempt.outcome) {
            case Outcome::Acknowledged:
                tally_.acknowledged += all;
                tally_.lost += all - seen;
                if (seen < all) fault(attempt, there, "acknowledged");
                break;
            case Outcome::Refused:
                tally_.refused += all;
                tally_.refused_applied += seen;
                if (seen > 0) fault(attempt, there, "refused");
                break;
            case Outcome::Unknown:
                tally_.unknown += all;
                tally_.unknown_applied += seen;
                break;
        }
        if (there > 0 && there < attempt.count) {
            ++tally_.torn;
            fault(attempt, there, "a transaction");
        }
    }

    void fault(const Attempt& attempt, int there, const std::string& what) {
        note(name_of(attempt.client, attempt.first) + " was " + what + ", " +
             std::to_string(there) + " of " + std::to_string(attempt.count) + " are there, " +
             attempt.how);
    }

    void note(std::string sentence) {
        if (tally_.examples.size() < kMostExamples) tally_.examples.push_back(std::move(sentence));
    }

    Tally tally_;
    std::unordered_map<std::uint64_t, Expected> expected_;
    std::unordered_map<int, int> newest_;
};

}  // namespace

void Tally::add(const Tally& other) {
    acknowledged += other.acknowledged;
    refused += other.refused;
    unknown += other.unknown;
    applied += other.applied;
    unknown_applied += other.unknown_applied;
    lost += other.lost;
    duplicated += other.duplicated;
    out_of_order += other.out_of_order;
    refused_applied += other.refused_applied;
    torn += other.torn;
    garbled += other.garbled;
    strays += other.strays;
    stale_reads += other.stale_reads;
    unanswered += other.unanswered;
}

Tally check(const std::vector<Journal>& journals, const std::vector<Row>& rows) {
    return Checker(journals).check(journals, rows);
}

}  // namespace pgsidecar::test::soak
