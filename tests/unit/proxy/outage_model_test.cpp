#include <array>
#include <random>
#include <set>

#include "tests/unit/proxy/outage_contract.hpp"

// Random pipelines while the database is away, against what a client may conclude from the answers:
// what is acknowledged is stored, when it is acknowledged, and nothing else is stored.

namespace pgsidecar::test {
namespace {

using Reason = model::SpoolVerdict::Reason;

/// A statement of the pipeline; Broken is a message that cannot be read.
enum class Kind { Begin, Insert, Commit, Rollback, Read, Broken };

struct Step {
    Kind kind = Kind::Read;
    int id = 0;

    std::string sql() const {
        switch (kind) {
            case Kind::Begin: return "BEGIN";
            case Kind::Insert:
                return "INSERT INTO audit_logs (id) VALUES (" + std::to_string(id) + ")";
            case Kind::Commit: return "COMMIT";
            case Kind::Rollback: return "ROLLBACK";
            case Kind::Read:
            case Kind::Broken: break;
        }
        return "SELECT 'x'";
    }
};

/// What one client concludes, by the rules of the manual (55.2.2.1, 55.2.3, 55.2.4): one answer for
/// each statement in order, an error for all up to the end of the exchange.
class Reader {
public:
    void expects(const std::vector<Step>& steps) {
        steps_ = steps;
        at_ = 0;
        error_ = false;
    }
    /// True at ReadyForQuery.
    bool take(const Message& message) {
        switch (message.type) {
            case 'C': completed(message.payload); return false;
            case 'E':
                error_ = true;
                open_.clear();
                implicit_.clear();
                return false;
            case 'Z':
                if (!error_) acknowledge(implicit_);
                implicit_.clear();
                in_block_ = message.payload != "I";
                return true;
            default: return false;
        }
    }
    const std::set<int>& acknowledged() const { return acknowledged_; }

private:
    void completed(const std::string& tag) {
        ASSERT_FALSE(error_) << "an answer after the error";
        ASSERT_LT(at_, steps_.size());
        const Step& step = steps_[at_++];
        auto& mine = in_block_ ? open_ : implicit_;
        if (step.kind == Kind::Begin) {
            in_block_ = true;
        } else if (step.kind == Kind::Insert) {
            mine.insert(step.id);
        } else {
            // ROLLBACK is also the tag of a COMMIT of what has failed.
            if (tag == zero_ended("COMMIT")) acknowledge(mine);
            mine.clear();
            in_block_ = false;
        }
    }
    void acknowledge(const std::set<int>& ids) { acknowledged_.insert(ids.begin(), ids.end()); }

    std::vector<Step> steps_;
    std::size_t at_ = 0;
    bool error_ = false, in_block_ = false;
    std::set<int> open_, implicit_, acknowledged_;
};

class OutageModel : public OutageContract {
protected:
    int below(int n) { return std::uniform_int_distribution(0, n - 1)(random_); }

    Step any_step() {
        constexpr std::array kKinds{Kind::Begin,  Kind::Begin,    Kind::Insert, Kind::Insert,
                                    Kind::Insert, Kind::Commit,   Kind::Commit, Kind::Insert,
                                    Kind::Commit, Kind::Rollback, Kind::Read,   Kind::Broken};
        // Errors are rare, or hardly anything would be stored.
        std::size_t kinds = below(3) == 0 ? kKinds.size() : kKinds.size() - 3;
        Step step{kKinds[static_cast<std::size_t>(below(static_cast<int>(kinds)))], 0};
        if (step.kind == Kind::Insert) step.id = ++last_id_;
        return step;
    }
    /// One exchange: what is sent for the steps, which may lose those that cannot be sent so.
    std::string exchange(std::vector<Step>& steps) {
        std::string text, bytes;
        if (below(3) == 0) {
            std::erase_if(steps, [](const Step& step) { return step.kind == Kind::Broken; });
            for (const Step& step : steps) text += step.sql() + "; ";
            return query(text);
        }
        for (const Step& step : steps) {
            bytes += parse("", step.sql());
            if (below(8) == 0) bytes += typed('H');
            bytes += step.kind == Kind::Broken ? typed('B', "x") : test::bind("", "") + execute("");
            if (below(4) == 0) bytes += typed('H');
        }
        return bytes + sync();
    }
    /// What the client reads so far; true at the end of the exchange.
    bool read() {
        bool end = false;
        for (const Message& message : client().take()) end = reader_.take(message) || end;
        for (int id : reader_.acknowledged())
            EXPECT_TRUE(stored_.contains(id)) << id << " is acknowledged and not stored";
        return end;
    }
    void answer_spool() {
        std::set<int> ids;
        for (const auto& statement : entry().statements)
            ids.insert(std::stoi(statement.sql.substr(statement.sql.rfind('(') + 1)));
        answered_ = script().spooled.size();
        bool takes = below(5) != 0;
        if (takes) stored_.insert(ids.begin(), ids.end());
        script().answer_spool(
            {takes ? Reason::Stored : Reason::DiskFull, takes ? ++sequence_ : 0, "full"});
    }
    void one_exchange() {
        std::vector<Step> steps(static_cast<std::size_t>(1 + below(6)));
        for (Step& step : steps) step = any_step();
        std::string bytes = exchange(steps);
        reader_.expects(steps);
        // In two parts, so that answers come in the middle, too.
        auto cut = static_cast<std::size_t>(below(static_cast<int>(bytes.size())));
        script().send(client(), bytes.substr(0, cut));
        read();
        if (script().spooled.size() > answered_ && below(2) == 0) answer_spool();
        script().send(client(), bytes.substr(cut));
        for (int turns = 0; !read(); ++turns) {
            ASSERT_LT(turns, 20) << "never answered: " << bytes;
            if (script().spooled.size() > answered_)
                answer_spool();
            else
                script().pass_ms(400);
        }
    }

    std::mt19937 random_;
    Reader reader_;
    std::set<int> stored_;
    std::size_t answered_ = 0;
    int last_id_ = 0;
};

TEST_F(OutageModel, WhatIsAcknowledgedIsStoredAndNothingElse) {
    std::size_t acknowledged = 0;
    for (unsigned seed = 1; seed <= 1'000 && !HasFailure(); ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        random_.seed(seed);
        setup_.settings.outage.notice = config::Toggle::Off;
        script_ = std::make_unique<ProxyScript>(setup_);
        client_ = &script_->login();
        reader_ = {};
        stored_.clear();
        answered_ = 0;
        database_goes();
        for (int i = 0; i < 12 && !HasFailure(); ++i) one_exchange();
        EXPECT_EQ(stored_, reader_.acknowledged());
        EXPECT_EQ(script().misuses(), 0);
        acknowledged += reader_.acknowledged().size();
    }
    EXPECT_GT(acknowledged, 1'000u) << "the pipelines are not what they should be";
}

}  // namespace
}  // namespace pgsidecar::test
