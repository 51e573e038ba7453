#include "protocol/auth/saslprep.hpp"

#include <stringprep.h>
#include <algorithm>
#include <cstdlib>
#include <memory>

namespace pgsidecar::protocol {

std::string saslprep(std::string_view password) {
    std::string raw(password);
    const bool ascii = std::all_of(raw.begin(), raw.end(),
                                   [](char c) { return static_cast<unsigned char>(c) < 0x80; });
    // A zero byte would end libidn's string early.
    if (ascii || raw.find('\0') != std::string::npos) return raw;
    char* made = nullptr;
    if (stringprep_profile(raw.c_str(), &made, "SASLprep", STRINGPREP_NO_UNASSIGNED) !=
        STRINGPREP_OK) {
        return raw;
    }
    std::unique_ptr<char, decltype(&std::free)> owner(made, &std::free);
    return *made == '\0' ? raw : std::string(made);
}

}  // namespace pgsidecar::protocol
