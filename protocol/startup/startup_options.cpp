#include "protocol/startup/startup_options.hpp"

#include <algorithm>
#include <cstddef>

#include "protocol/messages/protocol_errc.hpp"

namespace pgsidecar::protocol {
namespace {

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

std::vector<std::string> split_words(std::string_view text) {
    std::vector<std::string> words;
    std::size_t i = 0;
    while (true) {
        while (i < text.size() && is_space(text[i])) ++i;
        if (i == text.size()) return words;
        std::string word;
        for (; i < text.size() && !is_space(text[i]); ++i) {
            // A backslash at the very end stands for nothing, as in PostgreSQL.
            if (text[i] == '\\' && ++i == text.size()) break;
            word.push_back(text[i]);
        }
        words.push_back(std::move(word));
    }
}

/// "name=value" into its parts.
base::Result<StartupOption> split_setting(std::string_view setting) {
    std::size_t equals = setting.find('=');
    if (equals == 0 || equals == std::string_view::npos) {
        return make_error_code(ProtocolErrc::OptionsSyntax);
    }
    StartupOption option{setting.substr(0, equals), setting.substr(equals + 1)};
    std::replace(option.first.begin(), option.first.end(), '-', '_');
    return option;
}

}  // namespace

base::Result<std::vector<StartupOption>> parse_startup_options(std::string_view options) {
    const std::vector<std::string> words = split_words(options);
    std::vector<StartupOption> result;
    for (std::size_t i = 0; i < words.size(); ++i) {
        std::string_view word = words[i];
        // getopt's end of the switches; PostgreSQL refuses words behind it.
        if (word == "--" && i + 1 == words.size()) break;
        std::string_view setting;
        if (word == "-c" && i + 1 < words.size()) {
            setting = words[++i];
        } else if (word.starts_with("-c") || word.starts_with("--")) {
            setting = word.substr(2);
        }
        auto option = split_setting(setting);
        if (option.has_error()) return option.error();
        result.push_back(std::move(*option));
    }
    return result;
}

}  // namespace pgsidecar::protocol
