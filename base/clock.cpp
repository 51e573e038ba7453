#include "base/clock.hpp"

#include <cstdio>
#include <ctime>

namespace pgsidecar::base {

std::string to_iso8601(std::int64_t wall_us) {
    std::int64_t seconds = wall_us / 1'000'000;
    std::int64_t micros = wall_us % 1'000'000;
    if (micros < 0) {
        micros += 1'000'000;
        --seconds;
    }
    std::time_t t = static_cast<std::time_t>(seconds);
    std::tm tm{};
    gmtime_r(&t, &tm);
    char text[64];
    std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", tm.tm_year + 1900,
                  tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
                  static_cast<int>(micros / 1000));
    return text;
}

}  // namespace pgsidecar::base
