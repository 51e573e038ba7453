#include <pwd.h>
#include <unistd.h>

#include <array>
#include <string>
#include <string_view>

#include "app/cli/cli.hpp"

namespace pgsidecar::app {
namespace {

std::string system_user() {
    passwd entry{};
    passwd* found = nullptr;
    std::array<char, 4'096> buffer{};
    if (getpwuid_r(geteuid(), &entry, buffer.data(), buffer.size(), &found) != 0 ||
        found == nullptr)
        return {};
    return found->pw_name;
}

}  // namespace

config::LoadInput process_input(int argc, const char* const* argv) {
    config::LoadInput input;
    for (int i = 1; i < argc; ++i) input.args.emplace_back(argv[i]);
    for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
        const std::string_view text(*entry);
        const auto equals = text.find('=');
        if (equals == std::string_view::npos) continue;
        input.environment.emplace(text.substr(0, equals), text.substr(equals + 1));
    }
    input.is_tty = isatty(STDERR_FILENO) == 1;
    input.system_user = system_user();
    return input;
}

}  // namespace pgsidecar::app
