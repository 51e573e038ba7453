// Whatever happens to the files while no sidecar runs: what was acknowledged comes back, or
// somebody is told that it does not.
#include <map>

#include "tests/unit/audit/spool_rig.hpp"

namespace pgsidecar::audit {
namespace {

using testing::AnyOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

using test::entry_of;

constexpr std::uint64_t kInFile = 60, kInLog = 40, kBuried = 3;

class SpoolDamage : public test::SpoolRig {
protected:
    SpoolDamage() : pristine_(folder_.path() + "/pristine") {
        options_.on_usable = nullptr;
        options_.on_dead = nullptr;
        options_.probe_interval_ms = 60'000;  // what is in the log stays there
    }

    static std::string text_of(std::uint64_t sequence) {
        return "entry " + std::to_string(sequence) + std::string(200, 'x');
    }

    /// A spool as a SIGKILL leaves it: some entries in the file, the others in its log.
    void make_pristine() {
        open();
        for (std::uint64_t s = 1; s <= kInFile; ++s) ASSERT_EQ(append(text_of(s)).sequence, s);
        ASSERT_TRUE(append_records("records", 1));
        ASSERT_TRUE(bury(kBuried));
        reopen();
        for (auto s = kInFile + 1; s <= kInFile + kInLog; ++s)
            ASSERT_EQ(append(text_of(s)).sequence, s);
        {
            HeldUp held(*spool_);
            test::copy_folder(options_.folder, pristine_);
        }
        spool_.reset();
    }

    void restore() {
        namespace fs = std::filesystem;
        fs::create_directories(options_.folder);
        for (const auto& file : fs::directory_iterator(options_.folder)) fs::remove(file.path());
        for (const char* name : {"spool.sqlite", "spool.sqlite-wal", "mark"})
            fs::copy_file(pristine_ + "/" + name, options_.folder + "/" + name);
    }

    enum class Outcome { Whole, SetAside, Refused };

    /// Opens what is in the folder. Fails the test when an acknowledged entry is neither there as
    /// it was, nor among the dead letters, nor a reason not to open.
    Outcome judge() {
        std::string problem;
        spool_ = Spool::open(options_, problem);
        if (!spool_) {
            EXPECT_THAT(problem, HasSubstr(options_.folder));
            return Outcome::Refused;
        }
        std::map<std::uint64_t, std::string> found;
        for (const auto& stored : read()) found[stored.sequence] = stored.entry.statements[0].sql;
        bool damaged = false;
        for (const auto& letter : dead_letters()) {
            damaged = damaged || letter.damaged;
            if (letter.damaged || letter.stored.sequence == kBuried)
                found[letter.stored.sequence] = text_of(letter.stored.sequence);
        }
        for (std::uint64_t s = 1; s <= kInFile + kInLog; ++s)
            EXPECT_EQ(found[s], text_of(s)) << "entry " << s;
        const bool records_whole = read_records().size() == 1;
        const bool records_counted = spool_->stats().records_dropped_total == 1;
        EXPECT_NE(records_whole, records_counted);
        spool_.reset();
        return damaged || records_counted ? Outcome::SetAside : Outcome::Whole;
    }

    std::string pristine_;
};

TEST_F(SpoolDamage, NothingIsWrongWithThePristineOne) {
    make_pristine();
    restore();
    EXPECT_EQ(judge(), Outcome::Whole);
}

/// Flips one bit every so many bytes, at a position that wanders through the bytes.
class SpoolFlips : public SpoolDamage, public testing::WithParamInterface<const char*> {};

TEST_P(SpoolFlips, AFlippedBitIsNeverSilent) {
    make_pristine();
    const std::string whole = test::content_of(pristine_ + "/" + GetParam());
    ASSERT_GT(whole.size(), 10'000U);
    std::map<Outcome, int> outcomes;
    std::vector<std::size_t> bits;
    for (std::size_t byte = 0; byte < 120; ++byte) bits.push_back(byte * 8 + byte % 8);
    for (std::size_t bit = 8 * 120; bit < whole.size() * 8; bit += whole.size() * 8 / 400 + 1)
        bits.push_back(bit);
    for (const std::size_t bit : bits) {
        SCOPED_TRACE("bit " + std::to_string(bit));
        restore();
        std::string flipped = whole;
        flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
        test::write_content(options_.folder + "/" + GetParam(), flipped);
        ++outcomes[judge()];
        if (HasFailure()) return;
    }
    std::string seen;
    for (const auto& [outcome, count] : outcomes)
        seen += std::to_string(static_cast<int>(outcome)) + ":" + std::to_string(count) + " ";
    RecordProperty("outcomes", seen);
    EXPECT_GT(outcomes[Outcome::Refused], 10) << seen;
    if (GetParam() == std::string("spool.sqlite")) {
        EXPECT_GT(outcomes[Outcome::SetAside], 20) << seen;
    }
}

TEST_P(SpoolFlips, AFileThatIsCutShortIsNeverSilent) {
    make_pristine();
    const std::string whole = test::content_of(pristine_ + "/" + GetParam());
    int refused = 0;
    for (std::size_t size = 0; size < whole.size(); size += whole.size() / 150 + 1) {
        SCOPED_TRACE("cut at " + std::to_string(size));
        restore();
        test::write_content(options_.folder + "/" + GetParam(), whole.substr(0, size));
        refused += judge() == Outcome::Refused ? 1 : 0;
        if (HasFailure()) return;
    }
    EXPECT_GT(refused, 100);
}

TEST_P(SpoolFlips, ZeroedStretchesAreNeverSilent) {
    make_pristine();
    const std::string whole = test::content_of(pristine_ + "/" + GetParam());
    int noticed = 0;
    for (std::size_t at = 0; at + 512 < whole.size(); at += whole.size() / 100 + 1) {
        SCOPED_TRACE("zeros at " + std::to_string(at));
        restore();
        std::string zeroed = whole;
        zeroed.replace(at, 512, 512, '\0');
        test::write_content(options_.folder + "/" + GetParam(), zeroed);
        noticed += judge() == Outcome::Whole ? 0 : 1;
        if (HasFailure()) return;
    }
    EXPECT_GT(noticed, 30);
}

INSTANTIATE_TEST_SUITE_P(Files, SpoolFlips, testing::Values("spool.sqlite", "spool.sqlite-wal"),
                         [](const auto& run) {
                             return std::string(run.param).ends_with("wal") ? "Log" : "Database";
                         });

TEST_F(SpoolDamage, AMissingFileIsNoticed) {
    make_pristine();
    for (const char* name : {"spool.sqlite", "spool.sqlite-wal"}) {
        restore();
        std::filesystem::remove(options_.folder + "/" + name);
        EXPECT_EQ(judge(), Outcome::Refused) << name;
    }
    restore();
    std::filesystem::remove(database());
    std::filesystem::remove(options_.folder + "/mark");
    EXPECT_THAT(open_problem(), HasSubstr("is missing, but its log"));
}

TEST_F(SpoolDamage, AnOlderFileIsNoticed) {
    open();
    append(text_of(1));
    spool_.reset();
    const std::string old = test::content_of(database());
    open();
    append(text_of(2));
    spool_.reset();
    test::write_content(database(), old);
    EXPECT_THAT(open_problem(), HasSubstr("ends at the queued write 1, but those up to 2 were "
                                          "acknowledged"));
}

TEST_F(SpoolDamage, ALostBurialIsNoticed) {
    open();
    append(text_of(1));
    spool_.reset();
    const std::string old = test::content_of(database());
    open();
    ASSERT_TRUE(bury(1));
    spool_.reset();
    test::write_content(database(), old);
    EXPECT_THAT(open_problem(), HasSubstr("is older than what was acknowledged"));
}

TEST_F(SpoolDamage, LostRecordsAreNoticed) {
    open();
    ASSERT_TRUE(append_records("a", 1));
    spool_.reset();
    const std::string old = test::content_of(database());
    open();
    ASSERT_TRUE(append_records("b", 1));
    spool_.reset();
    test::write_content(database(), old);
    EXPECT_THAT(open_problem(), HasSubstr("is older than what was acknowledged"));
}

TEST_F(SpoolDamage, AnotherSpoolsFileIsNoticed) {
    open();
    append(text_of(1));
    spool_.reset();
    const std::string first = test::content_of(database());
    options_.folder += "2";
    open();
    append(text_of(1));
    spool_.reset();
    test::write_content(database(), first);
    EXPECT_THAT(open_problem(), HasSubstr("is another spool than the one that its folder's"));
}

TEST_F(SpoolDamage, WithoutAMarkEverythingComesBack) {
    make_pristine();
    restore();
    std::filesystem::remove(options_.folder + "/mark");
    EXPECT_EQ(judge(), Outcome::Whole);
    restore();
    test::write_content(options_.folder + "/mark", "");
    EXPECT_EQ(judge(), Outcome::Whole);
}

TEST_F(SpoolDamage, AnEmptySpoolThatWasRemovedBeginsAnew) {
    open();
    append(text_of(1));
    ASSERT_TRUE(settle(1));
    const std::string id = spool_->id();
    spool_.reset();
    std::filesystem::remove(database());
    open();
    EXPECT_NE(spool_->id(), id);
    EXPECT_EQ(append(text_of(1)).sequence, 1U);
    reopen();
    EXPECT_THAT(read(), SizeIs(1));
}

TEST_F(SpoolDamage, TheProblemSaysWhatToDoAndTheFileStays) {
    open();
    append(text_of(1));
    spool_.reset();
    std::string content = test::content_of(database());
    content[20'000] = static_cast<char>(content[20'000] ^ 1);
    content[0] = 'X';
    test::write_content(database(), content);
    const std::string problem = open_problem();
    EXPECT_THAT(problem, HasSubstr("The spool " + database() +
                                   " cannot be read: file is not a "
                                   "database"));
    EXPECT_THAT(problem, HasSubstr("pgsidecar spool export --dir " + options_.folder));
    EXPECT_EQ(test::content_of(database()), content);
}

TEST_F(SpoolDamage, ADamagedEntryIsSetAsideAndAnnounced) {
    options_.on_dead = [this](const DeadLetter& letter) {
        dead_.push(std::to_string(letter.stored.sequence) + (letter.damaged ? " damaged" : ""));
    };
    open();
    for (std::uint64_t s = 1; s <= 5; ++s) append(text_of(s));
    spool_.reset();
    std::string content = test::content_of(database());
    const auto at = content.find("entry 3x");
    ASSERT_NE(at, std::string::npos);
    content[at + 20] = 'y';
    test::write_content(database(), content);
    open();
    EXPECT_EQ(dead_.next(), "3 damaged");
    EXPECT_THAT(read(), SizeIs(4));
    const auto dead = dead_letters();
    ASSERT_THAT(dead, SizeIs(1));
    EXPECT_THAT(dead[0].message, HasSubstr("damaged on the disk"));
    EXPECT_EQ(dead[0].stored.entry.context->user, "app");
    EXPECT_EQ(spool_->stats().dead, 1U);
    EXPECT_FALSE(retry(3));
    EXPECT_TRUE(settle(5));
    reopen();
    EXPECT_TRUE(dead_letters()[0].damaged);
    EXPECT_TRUE(discard(3));
    reopen();
    EXPECT_THAT(dead_letters(), IsEmpty());
}

TEST_F(SpoolDamage, ADamagedContextSetsItsEntriesAside) {
    open();
    append(text_of(1));
    auto other = entry_of("other");
    other.context = test::context_of("other-user");
    append(other);
    spool_.reset();
    std::string content = test::content_of(database());
    content[content.find("other-user")] = 'O';
    test::write_content(database(), content);
    open();
    EXPECT_THAT(read(), SizeIs(1));
    EXPECT_THAT(dead_letters(), SizeIs(1));
}

TEST_F(SpoolDamage, AnotherProgramsFileIsLeftAlone) {
    std::filesystem::create_directories(options_.folder);
    test::write_content(database(), std::string(5'000, 'x'));
    EXPECT_THAT(open_problem(), HasSubstr("file is not a database"));
    EXPECT_EQ(test::content_of(database()), std::string(5'000, 'x'));
}

TEST_F(SpoolDamage, ANewerVersionIsRefused) {
    open();
    append(text_of(1));
    spool_.reset();
    std::string content = test::content_of(database());
    content[63] = 2;  // user_version (file format, offset 60)
    test::write_content(database(), content);
    EXPECT_THAT(open_problem(), HasSubstr("was written by a newer pgsidecar (its version is 2"));
    content[63] = 1;
    content[68] = 'x';  // application_id
    test::write_content(database(), content);
    EXPECT_THAT(open_problem(), HasSubstr("is not a spool of pgsidecar"));
}

TEST_F(SpoolDamage, AnInterruptedStartIsBegunAgain) {
    std::filesystem::create_directories(options_.folder);
    test::write_content(database(), "");
    open();
    EXPECT_TRUE(append(text_of(1)).stored());
    reopen();
    EXPECT_THAT(read(), SizeIs(1));
}

}  // namespace
}  // namespace pgsidecar::audit
