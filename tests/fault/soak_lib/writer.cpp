#include "tests/fault/soak_lib/writer.hpp"

#include <algorithm>
#include <array>

namespace pgsidecar::test::soak {

namespace {

constexpr const char* kStyleNames[] = {"simple",       "parameters", "prepared", "block",
                                       "block in one", "pair",       "pipeline"};

/// Errors that leave the fate open: 08007 says so; with 57P01 and 57P02 the server went away, maybe
/// after it had committed.
bool leaves_fate_open(const std::string& sqlstate) {
    constexpr std::array<std::string_view, 4> kOpen{"", "08007", "57P01", "57P02"};
    return std::ranges::find(kOpen, sqlstate) != kOpen.end();
}

}  // namespace

void Writer::run(const std::atomic<bool>& stop) {
    while (!stop) {
        if (!connected(stop)) continue;
        write_once();
        if (!session_) continue;
        if (!rules_.simple_only && dice_.percent(3)) read_back();
        if (dice_.percent(2)) session_.reset();
    }
}

bool Writer::connected(const std::atomic<bool>& stop) {
    if (session_) return true;
    eventually(30s, [&] {
        if (stop) return true;
        std::string why;
        session_ = Session::connect(conninfo_, why);
        if (!session_) journal_.last_error = "connecting: " + why;
        return session_.has_value();
    });
    return session_.has_value();
}

void Writer::write_once() {
    static constexpr std::array kAll{Style::Simple,  Style::Parameters, Style::Prepared,
                                     Style::Block,   Style::BlockInOne, Style::Pair,
                                     Style::Pipeline};
    static constexpr std::array kSimple{Style::Simple, Style::Simple, Style::BlockInOne,
                                        Style::Pair};
    Style style = rules_.simple_only ? kSimple[dice_.next() % kSimple.size()]
                                     : kAll[dice_.next() % kAll.size()];
    bool single = style == Style::Simple || style == Style::Parameters || style == Style::Prepared;
    Attempt attempt{.client = journal_.client,
                    .first = next_,
                    .count = single                 ? 1
                             : style == Style::Pair ? 2
                                                    : dice_.between(1, 4),
                    .outcome = Outcome::Unknown,
                    .how = {}};
    attempt.outcome = write(style, attempt.first, attempt.count, attempt.how);
    if (rules_.retry_unknown && attempt.outcome == Outcome::Unknown) return;
    attempt.how = std::string(kStyleNames[static_cast<std::size_t>(style)]) + ": " + attempt.how;
    next_ += attempt.count;
    if (attempt.outcome == Outcome::Acknowledged) {
        acknowledged_ += static_cast<std::uint64_t>(attempt.count);
        newest_acknowledged_ = next_ - 1;
    } else {
        journal_.last_error = attempt.how;
    }
    journal_.attempts.push_back(std::move(attempt));
}

Outcome Writer::write(Style style, int first, int count, std::string& how) {
    int client = journal_.client;
    switch (style) {
        case Style::Simple:
        case Style::Parameters:
        case Style::Prepared: {
            bool reached = true;
            Reply reply = insert(style, first, reached);
            Outcome outcome = judge(reply, how);
            // What was never sent cannot happen, whatever became of the connection.
            return reached ? outcome : Outcome::Refused;
        }
        case Style::Block: return write_block(first, count, how);
        case Style::BlockInOne: {
            std::string sql = "begin";
            for (int i = 0; i < count; ++i) sql += "; " + Session::insert_text(client, first + i);
            return judge(session_->simple(sql + "; commit"), how);
        }
        case Style::Pair:
            return judge(session_->simple(Session::insert_text(client, first) + "; " +
                                          Session::insert_text(client, first + 1)),
                         how);
        case Style::Pipeline: {
            Format format = dice_.percent(50) ? Format::Binary : Format::Text;
            return judge(session_->insert_pipeline(client, first, count, format), how);
        }
    }
    return Outcome::Unknown;
}

Reply Writer::insert(Style style, int number, bool& reached) {
    int client = journal_.client;
    reached = true;
    Format format = dice_.percent(50) ? Format::Binary : Format::Text;
    switch (style) {
        case Style::Parameters:
            return session_->insert_parameters(client, number, format, dice_.percent(50));
        case Style::Prepared:
            if (!rules_.named_statements)
                return session_->insert_parameters(client, number, format, dice_.percent(50));
            return session_->insert_prepared(client, number, format, dice_.percent(30), reached);
        default: return session_->insert_simple(client, number);
    }
}

Outcome Writer::write_block(int first, int count, std::string& how) {
    Reply reply = session_->simple("begin");
    for (int i = 0; reply.good() && i < count; ++i) {
        bool reached = true;
        Style style =
            std::array{Style::Simple, Style::Parameters, Style::Prepared}[dice_.next() % 3];
        reply = insert(style, first + i, reached);
    }
    if (!reply.good()) {
        judge(reply, how);
        how += " before commit";
        return Outcome::Refused;  // nobody ever asked for the commit
    }
    reply = session_->simple("commit");
    bool rolled_back = reply.good() && reply.tag != "COMMIT";
    Outcome outcome = judge(reply, how);
    return rolled_back ? Outcome::Refused : outcome;
}

Outcome Writer::judge(const Reply& reply, std::string& how) {
    how = reply.in_words();
    clean_up(reply);
    if (reply.good()) return Outcome::Acknowledged;
    if (reply.silent) ++journal_.unanswered;
    bool open = reply.silent || !reply.failed || leaves_fate_open(reply.sqlstate);
    return open ? Outcome::Unknown : Outcome::Refused;
}

void Writer::clean_up(const Reply& reply) {
    if (reply.lost || reply.silent) return session_.reset();
    if (session_->in_transaction() && !session_->simple("rollback").good()) session_.reset();
}

void Writer::read_back() {
    Reply reply =
        session_->simple("select coalesce(max(number), 0) from audit_logs where client = " +
                         std::to_string(journal_.client));
    if (reply.good() && std::stoi(reply.value) < newest_acknowledged_) ++journal_.stale_reads;
    clean_up(reply);
}

}  // namespace pgsidecar::test::soak
