#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "tests/fuzz/fuzz_target.hpp"
#include "tests/support/exact_buffer.hpp"

namespace {

std::string read_file(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

void run(std::string_view input) {
    pgsidecar::test::ExactBuffer buffer(input);
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(buffer.bytes().data()),
                           input.size());
}

}  // namespace

/// Runs the target over every file of a corpus folder, and over each with its last byte cut off.
int main(int argc, char** argv) {
    if (argc != 2 || !std::filesystem::is_directory(argv[1])) {
        std::fprintf(stderr, "usage: %s <corpus folder>\n", argv[0]);
        return 64;
    }
    int files = 0;
    for (const auto& entry : std::filesystem::directory_iterator(argv[1])) {
        const std::string input = read_file(entry.path());
        run(input);
        if (!input.empty()) run(std::string_view(input).substr(0, input.size() - 1));
        ++files;
    }
    std::printf("%d inputs\n", files);
    return files > 0 ? 0 : 1;
}
