#include "ws/assets.hpp"

#include <gtest/gtest.h>

#include <set>

namespace pgsidecar::ws {
namespace {

TEST(Assets, PageAndSchemaAreThereWholeAndTheRestIsNot) {
    ASSERT_NE(find_asset("/"), nullptr);
    EXPECT_TRUE(find_asset("/")->content.starts_with("<!doctype html>"));
    EXPECT_TRUE(find_asset("/")->content.ends_with("</html>\n"));
    ASSERT_NE(find_asset("/ws/schema.json"), nullptr);
    EXPECT_TRUE(find_asset("/ws/schema.json")->content.starts_with('{'));
    EXPECT_EQ(find_asset("/index.html"), nullptr);
    EXPECT_EQ(find_asset(""), nullptr);
}

TEST(Assets, PageNamesOnlyFilesThatAreThere) {
    std::string_view page = find_asset("/")->content;
    for (const char* file : {"app.js", "app.css", "icon.svg"}) {
        EXPECT_NE(page.find(std::string("\"./") + file + "\""), std::string_view::npos) << file;
        EXPECT_NE(find_asset(std::string("/") + file), nullptr) << file;
    }
    EXPECT_EQ(page.find("http:"), std::string_view::npos) << "no request to anywhere else";
    EXPECT_EQ(page.find("https:"), std::string_view::npos);
}

TEST(Assets, ETagsAreQuotedAndDiffer) {
    std::set<std::string> tags;
    for (const char* path : {"/", "/app.js", "/app.css", "/icon.svg"})
        tags.insert(find_asset(path)->etag);
    EXPECT_EQ(tags.size(), 4u);
    EXPECT_TRUE(tags.begin()->starts_with('"') && tags.begin()->ends_with('"'));
}

TEST(Assets, TheCompressedOnesAreSmallerAndHaveATagOfTheirOwn) {
    const Asset& program = *find_asset("/app.js");
    EXPECT_TRUE(program.gzip.starts_with("\x1f\x8b"));
    EXPECT_LT(program.gzip.size() * 2, program.content.size());
    EXPECT_NE(program.gzip_etag, program.etag);
}

TEST(AcceptEncoding, SaysWhetherGzipIsWanted) {
    for (const char* yes : {"gzip", "gzip, deflate, br", "br;q=1.0, gzip;q=0.8", "*", "gzip;q=0.1"})
        EXPECT_TRUE(accepts_gzip(yes)) << yes;
    for (const char* no : {"", "br", "identity", "gzip;q=0", "gzip;q=0.000, *", "x-gzipped"})
        EXPECT_FALSE(accepts_gzip(no)) << no;
}

TEST(ETag, MatchesInAListWeaklyAndByStar) {
    EXPECT_TRUE(etag_matches("\"a\"", "\"a\""));
    EXPECT_TRUE(etag_matches("\"x\", W/\"a\"", "\"a\""));
    EXPECT_TRUE(etag_matches("*", "\"a\""));
    EXPECT_FALSE(etag_matches("", "\"a\""));
    EXPECT_FALSE(etag_matches("\"ab\"", "\"a\""));
}

}  // namespace
}  // namespace pgsidecar::ws
