#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "config/settings_doc.hpp"

namespace pgsidecar::app {
namespace {

TEST(SettingsPage, EqualsTheTable) {
    const std::string path = PGSIDECAR_SOURCE_DIR "/docs/settings.md";
    std::ifstream file(path);
    ASSERT_TRUE(file) << path << " is missing; run: pgsidecar docs-settings > docs/settings.md";
    std::ostringstream committed;
    committed << file.rdbuf();
    EXPECT_EQ(committed.str(), config::settings_markdown())
        << "docs/settings.md is stale; run: pgsidecar docs-settings > docs/settings.md";
}

}  // namespace
}  // namespace pgsidecar::app
