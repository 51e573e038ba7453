#include "base/crash_point.hpp"

#include <atomic>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <string>

namespace pgsidecar::base {

namespace {

struct Plan {
    Plan() {
        const char* text = std::getenv("PGSIDECAR_CRASH_AT");
        if (text == nullptr) return;
        name = text;
        std::size_t colon = name.find(':');
        if (colon == std::string::npos) return;
        std::from_chars(name.data() + colon + 1, name.data() + name.size(), pass);
        name.resize(colon);
    }
    std::string name;
    long pass = 1;
    std::atomic<long> seen{0};
};

Plan& plan() {
    static Plan the_plan;
    return the_plan;
}

}  // namespace

void crash_point(std::string_view name) {
    Plan& p = plan();
    if (p.name.empty() || p.name != name) return;
    if (++p.seen == p.pass) std::raise(SIGKILL);
}

}  // namespace pgsidecar::base
