#include "db/migration_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "db/migration_checksum.hpp"
#include "db/migration_source.hpp"
#include "db/sidecar_schema.hpp"

namespace pgsidecar::db {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

MigrationFile good(std::string_view name, std::string_view bytes = "SELECT 1;\n") {
    auto parsed = parse_migration(name, "m/" + std::string(name), bytes);
    if (auto* problem = std::get_if<MigrationProblem>(&parsed)) {
        ADD_FAILURE() << problem->text();
        return {};
    }
    return std::get<MigrationFile>(parsed);
}

std::string refusal(std::string_view name, std::string_view bytes = "SELECT 1;\n") {
    const auto parsed = parse_migration(name, "m/" + std::string(name), bytes);
    const auto* problem = std::get_if<MigrationProblem>(&parsed);
    if (problem == nullptr) return "accepted";
    EXPECT_EQ(problem->kind, MigrationProblem::Kind::Refused);
    return problem->text();
}

TEST(MigrationFile, TakesNumberAndNameFromTheName) {
    const auto file = good("012_add_agents-2.sql");
    EXPECT_EQ(file.version, 12);
    EXPECT_EQ(file.digits, "012");
    EXPECT_EQ(file.name, "add_agents-2");
    EXPECT_EQ(file.file_name(), "012_add_agents-2.sql");
    EXPECT_EQ(file.path, "m/012_add_agents-2.sql");
    EXPECT_EQ(file.statements, 1U);
    EXPECT_TRUE(file.in_transaction);
    EXPECT_EQ(good("1000_a.sql").version, 1'000);
    EXPECT_EQ(good("0001_a.sql").version, 1);
}

TEST(MigrationFile, RefusesOtherNames) {
    for (const char* name : {"1_a.sql", "12_a.sql", "a.sql", "001.sql", "001_.sql", "001-a.sql",
                             "001_a.up.sql", "001_a b.sql", "001_a.SQL", "-01_a.sql", "0x1_a.sql",
                             "1234567890_a.sql", "001_\xc3\xa4.sql", ""}) {
        EXPECT_THAT(refusal(name), HasSubstr("is not NNN_name.sql")) << name;
    }
    EXPECT_THAT(refusal("000_a.sql"), HasSubstr("no migration 0"));
}

TEST(MigrationFile, LineEndsAndByteOrderMarkAreNoDifference) {
    const std::string plain = "SELECT 1;\nSELECT 2;\n";
    const auto file = good("001_a.sql", plain);
    EXPECT_EQ(file.checksum, migration_checksum(plain));
    for (const char* same : {"SELECT 1;\r\nSELECT 2;\r\n", "\xef\xbb\xbfSELECT 1;\nSELECT 2;\n",
                             "\xef\xbb\xbfSELECT 1;\r\nSELECT 2;\r\n", "SELECT 1;\rSELECT 2;\r"}) {
        EXPECT_EQ(good("001_a.sql", same).text, plain);
        EXPECT_EQ(good("001_a.sql", same).checksum, file.checksum);
    }
    EXPECT_NE(good("001_a.sql", "SELECT 1;\nSELECT 2; \n").checksum, file.checksum);
    EXPECT_NE(good("001_a.sql", "SELECT 1;\n\nSELECT 2;\n").checksum, file.checksum);
}

TEST(MigrationFile, ReadsTheDirective) {
    for (const char* text : {"-- pgsidecar: no-transaction\nSELECT 1;",
                             "\xef\xbb\xbf-- pgsidecar: no-transaction\r\nSELECT 1;",
                             "-- why\n\n  --pgsidecar:no-transaction \nSELECT 1;"}) {
        EXPECT_FALSE(good("001_a.sql", text).in_transaction) << text;
    }
    EXPECT_TRUE(good("001_a.sql", "SELECT 1;\n-- pgsidecar: no-transaction").in_transaction);
    EXPECT_TRUE(good("001_a.sql", "-- see pgsidecar: x\nSELECT 1").in_transaction);
    EXPECT_THAT(refusal("001_a.sql", "-- pgsidecar: no-transactions\nSELECT 1"),
                HasSubstr("asks for what is not known"));
}

TEST(MigrationFile, RefusesWhatIsNoText) {
    EXPECT_THAT(refusal("001_a.sql", ""), HasSubstr("holds no statement"));
    EXPECT_THAT(refusal("001_a.sql", "\xef\xbb\xbf"), HasSubstr("holds no statement"));
    EXPECT_THAT(refusal("001_a.sql", "-- later\n;\n"), HasSubstr("holds no statement"));
    EXPECT_THAT(refusal("001_a.sql", std::string("SELECT 1;\0", 10)), HasSubstr("zero byte"));
    EXPECT_THAT(refusal("001_a.sql", "SELECT '\xe4';"), HasSubstr("not valid UTF-8"));
    EXPECT_THAT(refusal("001_a.sql", std::string("\xff\xfeS\0", 4)), HasSubstr("UTF-16"));
    EXPECT_THAT(refusal("001_a.sql", "SELECT 1;\nSELECT 'a"), HasSubstr("m/001_a.sql:2: a quoted"));
}

MigrationSet set_of(std::initializer_list<const char*> names) {
    MigrationSet set;
    for (const char* name : names) set.files.push_back(good(name));
    complete(set);
    return set;
}

TEST(MigrationSet, IsInOrder) {
    const auto set = set_of({"002_b.sql", "003_c.sql", "001_a.sql"});
    EXPECT_THAT(set.problems, IsEmpty());
    ASSERT_THAT(set.files, SizeIs(3));
    EXPECT_EQ(set.files[0].name, "a");
    EXPECT_EQ(set.find(3)->name, "c");
    EXPECT_EQ(set.find(4), nullptr);
}

TEST(MigrationSet, HasNoGapsAndNoDuplicates) {
    const auto gap = set_of({"001_a.sql", "003_c.sql"});
    ASSERT_THAT(gap.problems, SizeIs(1));
    EXPECT_THAT(gap.problems[0].text(),
                HasSubstr("m/003_c.sql: there is no file with the number before (2)"));
    const auto late = set_of({"002_b.sql"});
    ASSERT_THAT(late.problems, SizeIs(1));
    const auto twice = set_of({"001_a.sql", "002_b.sql", "0002_c.sql", "003_d.sql"});
    ASSERT_THAT(twice.problems, SizeIs(1));
    EXPECT_THAT(twice.problems[0].text(), HasSubstr("m/002_b.sql: has the number of 0002_c.sql"));
}

class Folder : public testing::Test {
protected:
    Folder() {
        std::string name = testing::TempDir() + "pgs-migrations-XXXXXX";
        path_ = ::mkdtemp(name.data());
    }
    ~Folder() override { std::filesystem::remove_all(path_); }
    void write(const std::string& name, std::string_view bytes = "SELECT 1;\n") const {
        std::ofstream(path_ + "/" + name, std::ios::binary) << bytes;
    }
    std::string problems() const {
        std::string out;
        for (const auto& problem : read_migrations(path_).problems) out += problem.text() + "\n";
        return out;
    }
    std::string path_;
};

TEST_F(Folder, OnlyVisibleSqlFilesCount) {
    write("001_a.sql");
    write("README.md");
    write(".002_b.sql");
    write("002_b.sql~");
    std::filesystem::create_directory(path_ + "/old");
    EXPECT_EQ(problems(), "");
    EXPECT_THAT(read_migrations(path_).files, SizeIs(1));
}

TEST_F(Folder, EveryProblemIsNamedOnce) {
    write("001_a.sql");
    write("002_b.sql", "SELECT '\xe4'");
    write("003_c.sql");
    std::filesystem::create_directory(path_ + "/004_d.sql");
    write("005_e.sql");
    write("six.SQL");
    const auto set = read_migrations(path_);
    EXPECT_THAT(set.problems, SizeIs(3));
    EXPECT_THAT(problems(), HasSubstr("002_b.sql: is not valid UTF-8"));
    EXPECT_THAT(problems(), HasSubstr("004_d.sql: cannot be read: Is a directory"));
    EXPECT_THAT(problems(), HasSubstr("six.SQL: the name is not"));
}

TEST_F(Folder, EmptyAndMissingOnesAreNamed) {
    EXPECT_THAT(problems(), HasSubstr("holds no file NNN_name.sql"));
    const auto missing = read_migrations(path_ + "/none");
    ASSERT_THAT(missing.problems, SizeIs(1));
    EXPECT_EQ(missing.problems[0].kind, MigrationProblem::Kind::Unreadable);
    EXPECT_THAT(missing.problems[0].text(), HasSubstr("No such file or directory"));
}

TEST(BuiltInMigrations, AreThoseOfTheFolder) {
    const auto built_in = built_in_migrations();
    const auto folder = read_migrations(PGSIDECAR_MIGRATIONS_DIR);
    EXPECT_THAT(built_in.problems, IsEmpty());
    EXPECT_THAT(folder.problems, IsEmpty());
    ASSERT_EQ(built_in.files.size(), folder.files.size());
    ASSERT_GE(built_in.files.size(), 1U);
    for (std::size_t i = 0; i < folder.files.size(); ++i) {
        EXPECT_EQ(built_in.files[i].file_name(), folder.files[i].file_name());
        EXPECT_EQ(built_in.files[i].text, folder.files[i].text);
    }
}

TEST(BuiltInMigrations, HoldTheSidecarsOwnSchemaWordForWord) {
    EXPECT_TRUE(built_in_migrations().files[0].text.ends_with(kSidecarSchemaSql))
        << "db/sidecar_schema.hpp and migrations/001_pgsidecar_schema.sql differ";
}

}  // namespace
}  // namespace pgsidecar::db
