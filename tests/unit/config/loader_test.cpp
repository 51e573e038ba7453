#include "config/loader.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/settings_table.hpp"
#include "config/upstream.hpp"

namespace pgsidecar::config {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr const char* kUrl = "postgres://u:p@127.0.0.1:5432/d";

/// A LoadInput whose files are given as text.
class Load : public testing::Test {
protected:
    Load() {
        input_.read = [this](const std::string& path) -> base::Result<std::string> {
            const auto found = files_.find(path);
            if (found != files_.end()) return found->second;
            return std::make_error_code(path == "folder" ? std::errc::is_a_directory
                                                         : std::errc::no_such_file_or_directory);
        };
        input_.environment["DATABASE_URL"] = kUrl;
    }

    LoadResult load_file(std::string text) {
        files_["f.toml"] = std::move(text);
        input_.environment["PGSIDECAR_CONFIG"] = "f.toml";
        return load(input_);
    }

    LoadResult load_args(std::vector<std::string> args) {
        input_.args = std::move(args);
        return load(input_);
    }

    LoadResult load_env(const std::string& name, std::string value) {
        input_.environment[name] = std::move(value);
        return load(input_);
    }

    LoadInput input_;
    std::map<std::string, std::string> files_;
};

auto mistake(const std::string& source, const std::string& words) {
    return AllOf(Field("source", &Mistake::source, source),
                 Field("sentence", &Mistake::sentence, HasSubstr(words)));
}

void expect_valid(const LoadResult& result) {
    for (const auto& wrong : result.mistakes)
        ADD_FAILURE() << wrong.source << ": " << wrong.sentence;
}

TEST_F(Load, DatabaseUrlAloneIsEnough) {
    const auto result = load(input_);
    expect_valid(result);
    EXPECT_EQ(result.settings.database.database_url, kUrl);
    EXPECT_EQ(result.source_of("database_url"), "environment DATABASE_URL");
    EXPECT_EQ(result.source_of("pool.size"), "default");
    EXPECT_EQ(result.settings.listen.address, "127.0.0.1");
    EXPECT_EQ(result.settings.listen.port, 6432);
}

TEST_F(Load, NothingAtAllSaysWhatIsMissing) {
    input_.environment.clear();
    EXPECT_THAT(load(input_).mistakes, ElementsAre(mistake("configuration", "PGHOST")));
}

TEST_F(Load, FlagsBeatEnvironmentBeatsFileBeatsDefault) {
    files_["f.toml"] = "[pool]\nsize = 11\nwait_timeout_ms = 12\nconnect_timeout_ms = 13\n";
    input_.environment["PGSIDECAR_POOL_SIZE"] = "21";
    input_.environment["PGSIDECAR_POOL_WAIT_TIMEOUT_MS"] = "22";
    const auto result = load_args({"--config", "f.toml", "--pool-size", "31"});
    expect_valid(result);
    EXPECT_EQ(result.settings.database.pool_size, 31);
    EXPECT_EQ(result.source_of("pool.size"), "flag --pool-size");
    EXPECT_EQ(result.settings.pool.wait_timeout_ms, 22);
    EXPECT_EQ(result.source_of("pool.wait_timeout_ms"),
              "environment PGSIDECAR_POOL_WAIT_TIMEOUT_MS");
    EXPECT_EQ(result.settings.pool.connect_timeout_ms, 13);
    EXPECT_EQ(result.source_of("pool.connect_timeout_ms"), "f.toml:4");
    EXPECT_EQ(result.settings.pool.server_idle_timeout_ms, 600'000);
}

TEST_F(Load, DatabaseUrlRanksBelowTheFile) {
    EXPECT_EQ(load_file("database_url = 'postgres://u@f/d'").settings.database.database_url,
              "postgres://u@f/d");
    EXPECT_EQ(load_env("PGSIDECAR_DATABASE_URL", "postgres://u@e/d").settings.database.database_url,
              "postgres://u@e/d");
}

TEST_F(Load, EverySettingIsTakenFromEveryLayer) {
    for (const auto& setting : settings_table()) {
        const bool number = setting.field.type == ValueType::Integer;
        const std::string value = number ? std::to_string(setting.max)
                                  : setting.field.type == ValueType::Choice
                                      ? std::string(setting.field.choices.back())
                                  : setting.key == "database_url"    ? "postgres://u@other/d"
                                  : setting.key.ends_with("address") ? "127.0.0.2"
                                                                     : "some text";
        const auto dot = setting.key.find('.');
        const std::string literal = number ? value : "\"" + value + "\"";
        const std::string toml = dot == std::string_view::npos
                                     ? std::string(setting.key) + " = " + literal
                                     : "[" + std::string(setting.key.substr(0, dot)) + "]\n" +
                                           std::string(setting.key.substr(dot + 1)) + " = " +
                                           literal;
        files_["f.toml"] = toml;
        const std::pair<LoadInput, std::string> layers[] = {
            {{{setting.flag(), value}, input_.environment, input_.read, false, ""},
             "flag " + setting.flag()},
            {{{setting.flag() + "=" + value}, input_.environment, input_.read, false, ""},
             "flag " + setting.flag()},
            {{{}, {{setting.environment(), value}}, input_.read, false, ""},
             "environment " + setting.environment()},
            {{{"--config", "f.toml"}, {}, input_.read, false, ""},
             "f.toml:" + std::string(dot == std::string_view::npos ? "1" : "2")},
        };
        for (const auto& [input, source] : layers) {
            const auto result = load(input);
            EXPECT_EQ(setting.field.read(result.settings), value)
                << setting.key << " from " << source;
            EXPECT_THAT(result.source_of(setting.key), testing::StartsWith(source));
        }
    }
}

TEST_F(Load, SeedNamesAreAcceptedInTheFile) {
    const auto result = load_file(
        "mode = 'local'\npoolSize = 7\nhealthCheckInterval = 6000\nmaxRetries = 2\nretryDelay = "
        "200\n"
        "databaseUrl = 'postgres://u@f/d'\n");
    expect_valid(result);
    EXPECT_EQ(result.settings.database.pool_size, 7);
    EXPECT_EQ(result.settings.database.health_check_interval_ms, 6'000);
    EXPECT_EQ(result.settings.database.max_retries, 2);
    EXPECT_EQ(result.settings.database.retry_delay_ms, 200);
    EXPECT_EQ(result.settings.database.database_url, "postgres://u@f/d");
}

TEST_F(Load, SupabaseIsDerivedFromItsUrl) {
    input_.environment = {{"PGSIDECAR_SUPABASE_URL", "https://abcd.supabase.co"},
                          {"PGSIDECAR_SUPABASE_KEY", "key"},
                          {"PGSIDECAR_SUPABASE_DB_PASSWORD", "pw"},
                          {"PGHOST", "elsewhere"}};
    const auto result = load(input_);
    expect_valid(result);
    EXPECT_EQ(result.settings.database.mode, model::DatabaseMode::Supabase);
    EXPECT_EQ(result.source_of("mode"), "derived from supabase.url");
    EXPECT_EQ(upstream_of(result.settings)->hosts[0].host, "db.abcd.supabase.co");
}

TEST_F(Load, SupabaseWithoutAnythingNamesAllThree) {
    input_.environment = {{"PGSIDECAR_MODE", "supabase"}};
    EXPECT_THAT(load(input_).mistakes,
                ElementsAre(mistake("configuration", "supabaseUrl"),
                            mistake("configuration", "supabaseKey"),
                            mistake("configuration", "supabase.db_password")));
}

TEST_F(Load, MockNeedsNoDatabase) {
    input_.environment.clear();
    expect_valid(load_args({"--mode", "mock"}));
}

TEST_F(Load, SecretFilesAreRead) {
    files_["secret"] = "postgres://u:fromfile@h/d\r\n";
    auto result = load_env("PGSIDECAR_DATABASE_URL_FILE", "secret");
    expect_valid(result);
    EXPECT_EQ(result.settings.database.database_url, "postgres://u:fromfile@h/d");
    EXPECT_EQ(result.source_of("database_url"), "environment PGSIDECAR_DATABASE_URL_FILE");
}

TEST_F(Load, BadSecretFilesAreReported) {
    files_["empty"] = "\n";
    files_["binary"] = std::string("a\0b", 3);
    const std::string name = "PGSIDECAR_HTTP_TOKEN_FILE";
    const std::string source = "environment " + name;
    EXPECT_THAT(load_env(name, "none").mistakes, ElementsAre(mistake(source, "cannot be read")));
    EXPECT_THAT(load_env(name, "folder").mistakes, ElementsAre(mistake(source, "cannot be read")));
    EXPECT_THAT(load_env(name, "empty").mistakes, ElementsAre(mistake(source, "empty file")));
    EXPECT_THAT(load_env(name, "binary").mistakes, ElementsAre(mistake(source, "http.token")));
    EXPECT_THAT(load_env("PGSIDECAR_HTTP_TOKEN", "x").mistakes,
                ElementsAre(mistake(source, "together with PGSIDECAR_HTTP_TOKEN")));
}

TEST_F(Load, EmptyVariablesCountAsNotSet) {
    for (const auto& setting : settings_table()) input_.environment[setting.environment()] = "";
    input_.environment["PGSIDECAR_CONFIG"] = "";
    input_.environment["PGHOST"] = "";
    const auto result = load(input_);
    expect_valid(result);
    EXPECT_EQ(result.source_of("pool.size"), "default");
    EXPECT_EQ(result.settings.listen.address, "127.0.0.1");
}

TEST_F(Load, EmptyFlagIsAnEmptyValue) {
    const auto result = load_args({"--listen-address=", "--listen-unix-socket-dir", "/run/x"});
    expect_valid(result);
    EXPECT_EQ(result.settings.listen.address, "");
}

TEST_F(Load, AllMistakesAreReportedTogether) {
    files_["f.toml"] = "[pool]\nsize = 0\nsiez = 1\n";
    input_.environment["PGSIDECAR_WORKERS"] = "many";
    input_.environment["PGSIDECAR_POOL_MODDE"] = "session";
    EXPECT_THAT(
        load_args({"--config", "f.toml", "--retry-delay-ms", "1", "--lisen-port", "1"}).mistakes,
        testing::UnorderedElementsAre(
            mistake("f.toml:2", "pool.size must be a whole number from 1 to 100, but is '0'"),
            mistake("f.toml:3", "Did you mean pool.size?"),
            mistake("environment PGSIDECAR_WORKERS", "from 1 to 256, but is 'many'"),
            mistake("environment 'PGSIDECAR_POOL_MODDE'", "Did you mean PGSIDECAR_POOL_MODE?"),
            mistake("flag --retry-delay-ms", "from 100 to 10000 ms"),
            mistake("flag '--lisen-port'", "Did you mean --listen-port?")));
}

struct FileCase {
    const char* name;
    std::string text;
    const char* source;
    const char* words;
};

TEST_F(Load, BadFilesAreReportedWithTheirLine) {
    const FileCase cases[] = {
        {"no value", "a", "f.toml:1", "not valid TOML"},
        {"no quotes", "\n\nmode = local", "f.toml:3", "double quotes"},
        {"no quotes at all", "database_url = postgres://x", "f.toml:1", "not valid TOML"},
        {"duplicate key", "[pool]\nsize = 1\nsize = 2", "f.toml:3", "second time"},
        {"duplicate table", "[pool]\n[pool]", "f.toml:2", "second time"},
        {"both names", "poolSize = 1\n[pool]\nsize = 2", "f.toml:1", "second time"},
        {"text for a number", "poolSize = \"5\"", "f.toml:1", "without quotes"},
        {"float for a number", "poolSize = 5.0", "f.toml:1", "a whole number from 1 to 100"},
        {"boolean for a number", "poolSize = true", "f.toml:1", "a whole number"},
        {"number for text", "[listen]\naddress = 1", "f.toml:2", "listen.address must be text"},
        {"number for a choice", "mode = 1", "f.toml:1", "supabase, local or mock"},
        {"list for a number", "poolSize = [5]", "f.toml:1", "a whole number"},
        {"table for a number", "[pool.size]\nx = 1", "f.toml:1", "a whole number"},
        {"value for a section", "pool = 1", "f.toml:1", "'pool' is not known"},
        {"array of tables", "[[pool]]\nsize = 1", "f.toml:1", "'pool' is not known"},
        {"out of bounds", "poolSize = 101", "f.toml:1", "from 1 to 100, but is '101'"},
        {"huge number", "poolSize = 9223372036854775807", "f.toml:1", "from 1 to 100"},
        {"number too big for TOML", "poolSize = 99999999999999999999", "f.toml:1",
         "not valid TOML"},
        {"unknown choice", "[pool]\nmode = 'statements'", "f.toml:2", "transaction or statement"},
        {"unknown key", "polSize = 5", "f.toml:1", "Did you mean poolSize?"},
        {"unknown section", "[pol]\nsize = 5", "f.toml:1", "Did you mean pool?"},
        {"nothing near", "[colours]\nred = 5", "f.toml:1", "pgsidecar help"},
        {"key in the wrong section", "[http]\nsize = 5", "f.toml:2", "'http.size' is not known"},
        {"long key", std::string(100'000, 'k') + " = 1", "f.toml:1", "kkk...' is not known"},
        {"1 MB value", "mode = \"" + std::string(1'000'000, 'x') + "\"", "f.toml:1",
         "at most 8192 bytes"},
        {"1 MB path", "[auth]\nuser_file = \"" + std::string(1'000'000, 'x') + "\"", "f.toml:2",
         "8192"},
        {"invalid UTF-8", "mode = \"\xFF\xFE\"", "f.toml:1", "not valid TOML"},
        {"binary",
         std::string("\x7F"
                     "ELF\x02\0\0\0",
                     8),
         "f.toml", "zero bytes"},
        {"zero in a value", "[auth]\nuser_file = \"a\\u0000b\"", "f.toml:2", "control characters"},
        {"deep nesting", "a = " + std::string(100'000, '['), "f.toml:1", "not valid TOML"},
        {"sign as a section", "[+]", "f.toml:1", "not valid TOML"},
        {"dot as a section", "\n[.a]", "f.toml:2", "not valid TOML"},
        {"lone carriage return", "mode = 'local'\rx", "f.toml:1", "not valid TOML"},
    };
    for (const auto& test : cases) {
        EXPECT_THAT(load_file(test.text).mistakes, ElementsAre(mistake(test.source, test.words)))
            << test.name;
    }
}

TEST_F(Load, EmptyAndCommentedFilesAreFine) {
    for (const char* text :
         {"", "\n", "# only a comment", "\xEF\xBB\xBFmode = 'local'\r\n", "[pool]\n[http]\n"}) {
        expect_valid(load_file(text));
    }
}

TEST_F(Load, FilesThatCannotBeReadAreReported) {
    EXPECT_THAT(load_args({"--config", "none.toml"}).mistakes,
                ElementsAre(mistake("flag --config", "'none.toml': No")));
    EXPECT_THAT(load_args({"--config=folder"}).mistakes,
                ElementsAre(mistake("flag --config", "directory")));
    EXPECT_THAT(load_args({"--config="}).mistakes,
                ElementsAre(mistake("flag --config", "cannot be read")));
    EXPECT_THAT(load_args({"--config"}).mistakes,
                ElementsAre(mistake("flag --config", "needs a value")));
    input_.args.clear();
    EXPECT_THAT(load_env("PGSIDECAR_CONFIG", "none").mistakes,
                ElementsAre(mistake("environment PGSIDECAR_CONFIG", "cannot be read")));
}

TEST_F(Load, ManyMistakesAreCutOff) {
    std::string text;
    for (int i = 0; i < 1'000; ++i) text += "unknown" + std::to_string(i) + " = 1\n";
    const auto result = load_file(text);
    ASSERT_EQ(result.mistakes.size(), kMaxMistakes);
    EXPECT_THAT(result.mistakes.back().sentence, HasSubstr("901 more"));
}

TEST_F(Load, BadCommandLinesAreUsageMistakes) {
    const std::pair<std::vector<std::string>, std::string> cases[] = {
        {{"--pool-size"}, "needs a value"},
        {{"--pool-size", "--workers", "2"}, "needs a value"},
        {{"--pool-size", "--workers=2"}, "needs a value"},
        {{"--pool-size", "5", "--pool-size", "6"}, "more than once"},
        {{"--pool-size=5", "--pool-size=5"}, "more than once"},
        {{"--unknown-thing", "5"}, "not known"},
        {{"--unknown-thing=5"}, "not known"},
        {{"-x"}, "not known"},
        {{"stray"}, "belongs to no flag"},
        {{"--pool-size", "5", "stray"}, "belongs to no flag"},
        {{"--", "stray"}, "belongs to no flag"},
        {{""}, "belongs to no flag"},
    };
    for (const auto& [args, words] : cases) {
        const auto result = load_args(args);
        ASSERT_THAT(result.mistakes, ElementsAre(Field(&Mistake::sentence, HasSubstr(words))))
            << args[0];
        EXPECT_EQ(result.mistakes[0].kind, MistakeKind::Usage);
    }
}

TEST_F(Load, ValuesMayLookLikeFlagsAndLists) {
    const auto result =
        load_args({"--auth-user-file", "-x", "--http-allowed-origins=[a,b]", "--workers=2"});
    expect_valid(result);
    EXPECT_EQ(result.settings.auth.user_file, "-x");
    EXPECT_EQ(result.settings.http.allowed_origins, "[a,b]");
    EXPECT_EQ(result.settings.workers, 2);
}

TEST_F(Load, VariablesOfOthersAreLeftAlone) {
    input_.environment["PGSIDECAR_SERVICE_HOST"] = "10.0.0.1";
    input_.environment["PGSIDECAR_PORT"] = "tcp://10.0.0.1:6432";
    input_.environment["PGSIDECAR_HTTP_PORT"] = "tcp://10.0.0.1:6480";
    input_.environment["PGSIDECAR_PORT_6432_TCP_ADDR"] = "10.0.0.1";
    input_.environment["PGSIDECAR_METRICS_SERVICE_PORT_HTTP"] = "1";
    auto result = load(input_);
    expect_valid(result);
    EXPECT_THAT(result.warnings, IsEmpty());
    EXPECT_EQ(result.settings.http.port, 6480);
    EXPECT_THAT(
        load_env("PGSIDECAR_LISEN_PORT", "1").mistakes,
        ElementsAre(mistake("environment 'PGSIDECAR_LISEN_PORT'", "PGSIDECAR_LISTEN_PORT?")));
    input_.environment.erase("PGSIDECAR_LISEN_PORT");
    result = load_env("PGSIDECAR_SOMETHING_OF_A_SCRIPT", "1");
    expect_valid(result);
    EXPECT_THAT(result.warnings,
                ElementsAre(mistake("environment 'PGSIDECAR_SOMETHING_OF_A_SCRIPT'", "ignored")));
}

TEST_F(Load, LogFormatFollowsTheTerminal) {
    EXPECT_EQ(load(input_).settings.log.format, LogFormat::Json);
    input_.is_tty = true;
    EXPECT_EQ(load(input_).settings.log.format, LogFormat::Text);
    EXPECT_EQ(load_env("PGSIDECAR_LOG_FORMAT", "json").settings.log.format, LogFormat::Json);
}

}  // namespace
}  // namespace pgsidecar::config
