#include "config/file_reader.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace pgsidecar::config {
namespace {

class ReadFile : public testing::Test {
protected:
    ReadFile() {
        std::string pattern = testing::TempDir() + "pgsidecar-file-XXXXXX";
        folder_ = ::mkdtemp(pattern.data());
    }
    ~ReadFile() override { std::filesystem::remove_all(folder_); }

    std::string write(std::size_t size) const {
        const auto path = folder_ / "file";
        std::ofstream(path) << std::string(size, 'x');
        return path;
    }

    std::filesystem::path folder_;
};

TEST_F(ReadFile, WholeFileIsRead) {
    for (std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{100'000}, kMaxFileBytes}) {
        const auto text = read_file(write(size));
        ASSERT_TRUE(text);
        EXPECT_EQ(text->size(), size);
    }
}

TEST_F(ReadFile, TooLongFileIsRefused) {
    const auto text = read_file(write(kMaxFileBytes + 1));
    ASSERT_FALSE(text);
    EXPECT_EQ(text.error(), std::errc::file_too_large);
}

TEST_F(ReadFile, EndlessFileIsRefused) {
    ASSERT_FALSE(read_file("/dev/zero"));
    EXPECT_EQ(read_file("/dev/zero").error(), std::errc::file_too_large);
}

TEST_F(ReadFile, MissingFileAndFolderAreRefused) {
    EXPECT_EQ(read_file(folder_ / "none").error(), std::errc::no_such_file_or_directory);
    EXPECT_EQ(read_file(folder_).error(), std::errc::is_a_directory);
    EXPECT_EQ(read_file("").error(), std::errc::no_such_file_or_directory);
}

}  // namespace
}  // namespace pgsidecar::config
