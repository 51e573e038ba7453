#include "app/cli/outage_outlook.hpp"

#include <algorithm>

#include "app/cli/outlook_transaction.hpp"
#include "proxy/core/standin_texts.hpp"
#include "sql/classifier.hpp"

namespace pgsidecar::app {
namespace {

using model::OutageClass;
using model::Queueable;
using model::StatementKind;
using model::TransactionVerb;

constexpr std::int64_t kMaxBackoffMs = 10'000;

std::string ms(std::int64_t value) { return std::to_string(value) + " ms"; }

/// As Pool::hold_budget_ns() has it: the waits before the quick retries.
std::int64_t hold_ms(const model::DatabaseConfig& database) {
    std::int64_t budget = 0, delay = database.retry_delay_ms;
    for (int i = 0; i < database.max_retries; ++i) {
        budget += std::min(delay, kMaxBackoffMs);
        delay *= 2;
    }
    return budget;
}

/// BEGIN, COMMIT and ROLLBACK, which the sidecar can answer itself.
bool controls_transaction(TransactionVerb verb) {
    return verb == TransactionVerb::Begin || verb == TransactionVerb::Commit ||
           verb == TransactionVerb::Rollback;
}

class Outlook {
public:
    Outlook(const config::Settings& settings, const model::OutagePolicy& policy,
            std::string_view text, std::string_view service)
        : settings_(settings), outage_(settings.outage), policy_(policy), text_(text) {
        result_.service = service;
        result_.hold_ms = hold_ms(settings.database);
    }

    TextOutlook read() {
        sql::Classifier classifier({});
        const auto shapes = classifier.classify(text_);
        for (std::size_t i = 0; i < shapes.size(); ++i) {
            StatementOutlook statement;
            statement.shape = shapes[i];
            statement.rows = classifier.places()[i].value_rows;
            judge(statement);
            result_.statements.push_back(std::move(statement));
        }
        judge_whole();
        OutlookTransaction transaction;
        if (!spool_is_off()) {
            for (auto& statement : result_.statements) transaction.follow(statement);
        }
        return std::move(result_);
    }

private:
    bool spool_is_off() const { return outage_.spool_dir == "off"; }
    bool too_long() const {
        return text_.size() > static_cast<std::size_t>(settings_.limits.inspect_bytes);
    }

    void judge(StatementOutlook& statement) const {
        const auto& shape = *statement.shape;
        statement.control = controls_transaction(shape.verb);
        const auto* rule =
            statement.control ? nullptr : policy_.match(shape.table, shape.kind, result_.service);
        if (rule != nullptr) {
            statement.outage_class = rule->outage_class;
            statement.rule = to_string(*rule);
            statement.built_in = rule->is_default;
        }
        statement.truthful = statement.control || shape.queueable == Queueable::Yes;
        if (!statement.truthful) statement.why_not = proxy::why_not_queued(shape.queueable);
        if (too_long()) {
            statement.truthful = false;
            statement.why_not = "the text is longer than limits.inspect_bytes (" +
                                std::to_string(settings_.limits.inspect_bytes) + ")";
        }
        statement.queued = statement.truthful && !spool_is_off() && !statement.control &&
                           is_spooled(statement.outage_class);
        describe_reachable(statement);
        if (statement.control && statement.truthful && !spool_is_off()) {
            describe_control(statement);
        } else if (statement.queued) {
            describe_queued(statement);
        } else if (statement.outage_class == OutageClass::Reject) {
            describe_rejected(statement);
        } else {
            describe_held(statement);
        }
    }

    void describe_reachable(StatementOutlook& statement) const {
        const auto& shape = *statement.shape;
        statement.reachable = "runs in the database. ";
        if (shape.read_only) {
            statement.reachable +=
                "It only reads: cut off outside of a transaction before any of its answer came, "
                "it is sent again, at most " +
                std::to_string(settings_.database.max_retries) + " times (maxRetries).";
        } else if (shape.verb == TransactionVerb::Begin ||
                   shape.verb == TransactionVerb::Rollback) {
            statement.reachable += "Cut off, it has no effect.";
        } else {
            statement.reachable +=
                "Cut off before its answer came, it is never sent again by itself; the error is "
                "08007, for its fate is not known";
            statement.reachable += shape.verb == TransactionVerb::Commit
                                       ? "."
                                       : ", or says that its transaction was rolled back.";
        }
    }

    void describe_queued(StatementOutlook& statement) const {
        statement.at_first =
            "answered INSERT 0 " + std::to_string(statement.rows) +
            " when it is on this machine's disk (fsync)" +
            (outage_.notice == config::Toggle::On ? ", with a NOTICE that says so" : "") +
            ". Before an attempt to connect has failed, it waits for a connection for " +
            ms(outage_.queue_after_ms) + " at most (outage.queue_after_ms).";
        statement.afterwards = "the same. " + limits_of(statement.outage_class);
        statement.back =
            "applied exactly once, in the order in which it was answered; what the database "
            "refuses then is kept with its error (pgsidecar spool list). " +
            behind_queued_writes(true);
    }

    std::string limits_of(OutageClass outage_class) const {
        switch (outage_class) {
            case OutageClass::Queue:
                return "At most " + std::to_string(outage_.queue_max_entries) +
                       " writes of this class wait, further ones are refused" +
                       (outage_.queue_max_age_ms == 0
                            ? "."
                            : "; one that waits for more than " + ms(outage_.queue_max_age_ms) +
                                  " is not applied but kept as dead.");
            case OutageClass::Buffer:
                return "At most " + std::to_string(outage_.buffer_max_bytes) +
                       " bytes of this class wait; above, the oldest are dropped and counted.";
            default:
                return "It is never dropped; when the spool or its disk is full, further ones are "
                       "refused.";
        }
    }

    std::string behind_queued_writes(bool queued) const {
        const std::string wait = ms(outage_.flush_wait_ms) + " (outage.flush_wait_ms)";
        return queued ? "Sent while writes to its table are still being applied, it waits for "
                        "them, and is queued behind them after " +
                            wait + "."
                      : "While queued writes to its tables are still being applied, it waits for "
                        "them; after " +
                            wait + " it is refused with 55000.";
    }

    void describe_control(StatementOutlook& statement) const {
        switch (statement.shape->verb) {
            case TransactionVerb::Begin:
                statement.at_first =
                    "answered at once. What follows decides: nothing but queueable writes is "
                    "queued at COMMIT; when the first statement needs the database, it waits with "
                    "that one; one after a write is refused, and the transaction fails.";
                break;
            case TransactionVerb::Commit:
                statement.at_first =
                    "answered when the transaction's writes are on this machine's disk (fsync), as "
                    "one entry: all or nothing.";
                break;
            default:
                statement.at_first = "answered at once; the transaction's writes are forgotten.";
        }
        statement.afterwards = "the same.";
        statement.back = "goes to the database as usual.";
    }

    std::string refusal(const StatementOutlook& statement) const {
        std::string text =
            "refused at once with 08006; DETAIL says since when the database is away and when the "
            "next attempt is";
        const bool reason = is_spooled(statement.outage_class) && !statement.why_not.empty();
        return text + (reason ? ", and why it cannot be queued." : ".");
    }

    void describe_rejected(StatementOutlook& statement) const {
        statement.at_first = refusal(statement);
        if (spool_is_off()) {
            statement.at_first =
                "waits for the database, because nothing is refused early while "
                "outage.spool_dir is off.";
        }
        statement.afterwards = refusal(statement);
        statement.back = "runs as usual. " + behind_queued_writes(false);
    }

    void describe_held(StatementOutlook& statement) const {
        statement.at_first = "waits for the database and is sent as soon as it is back; at most " +
                             std::to_string(outage_.max_held) +
                             " statements of a worker wait (outage.max_held).";
        if (is_spooled(statement.outage_class) && statement.truthful) {
            statement.at_first =
                "waits for the database: it could be queued, but outage.spool_dir is off.";
        }
        statement.afterwards = refusal(statement);
        statement.back = "runs as usual. " + behind_queued_writes(false);
    }

    /// As Standin::server_needed() has it.
    const StatementOutlook* server_needed(std::size_t& number) const {
        bool open = false, wrote = false;
        for (std::size_t i = 0; i < result_.statements.size(); ++i) {
            const auto& statement = result_.statements[i];
            const TransactionVerb verb = statement.shape->verb;
            const bool control = statement.control && statement.truthful;
            const bool splits = verb == TransactionVerb::Begin && wrote && !open;
            number = i + 1;
            if (splits || !(control || statement.queued)) return &statement;
            wrote = wrote || statement.queued;
            if (control) open = verb == TransactionVerb::Begin;
        }
        return nullptr;
    }

    void judge_whole() {
        if (result_.statements.empty()) return;
        std::size_t number = 0;
        const auto* which = server_needed(number);
        bool writes = false;
        for (const auto& statement : result_.statements) {
            if (!statement.queued) continue;
            // The class of an entry is that of its most demanding table.
            if (!writes || statement.outage_class < result_.outage_class)
                result_.outage_class = statement.outage_class;
            writes = true;
        }
        result_.queued = which == nullptr && writes && !spool_is_off();
        if (!result_.queued) result_.outage_class = OutageClass::Hold;
        if (result_.statements.size() > 1) result_.whole = whole(which, number, writes);
    }

    std::string whole(const StatementOutlook* which, std::size_t number, bool writes) const {
        if (spool_is_off())
            return "in an outage all of it waits for the database: outage.spool_dir is off.";
        if (which != nullptr) {
            const bool refused = which->outage_class == OutageClass::Reject;
            const bool splits = which->control && which->truthful;
            std::string reason =
                splits    ? "it begins a transaction after a write of its own"
                : refused ? "its class is reject"
                : is_spooled(which->outage_class)
                    ? which->why_not
                    : "its class is " + std::string(to_string(which->outage_class));
            return "in an outage all of it " +
                   std::string(refused && !splits ? "is refused at once"
                                                  : "waits for the database") +
                   ", because of statement " + std::to_string(number) + ": " + reason +
                   ". Sent one by one, each goes as it says below.";
        }
        if (!writes) return "in an outage it is answered at once; it writes nothing.";
        return "in an outage all of it is queued as one entry of class " +
               std::string(to_string(result_.outage_class)) +
               ", all or nothing, and answered when that is on this machine's disk.";
    }

    const config::Settings& settings_;
    const config::Settings::Outage& outage_;
    const model::OutagePolicy& policy_;
    std::string_view text_;
    TextOutlook result_;
};

}  // namespace

TextOutlook outage_outlook(const config::Settings& settings, const model::OutagePolicy& policy,
                           std::string_view text, std::string_view service) {
    return Outlook(settings, policy, text, service).read();
}

}  // namespace pgsidecar::app
