#include "tests/fault/soak_lib/journal.hpp"

namespace pgsidecar::test::soak {

std::string payload_of(int client, int number) {
    std::string text = "it's " + std::to_string(client) + "/" + std::to_string(number) +
                       " \\n \"quoted\" $1 \xc3\xa9\xe2\x82\xac; --";
    int mixed = number * 37 + client * 11;
    text.append(static_cast<std::size_t>(mixed % 250), static_cast<char>('a' + mixed % 26));
    return text;
}

}  // namespace pgsidecar::test::soak
