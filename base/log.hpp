#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace pgsidecar::base::log {

enum class Level : std::uint8_t { Trace, Debug, Info, Warn, Error };
enum class Format : std::uint8_t { Text, Json };

/// One key and value of a log line. Never a password, key, parameter or SQL literal.
struct Field {
    std::string_view key;
    std::string value;

    Field(std::string_view k, std::string_view v) : key(k), value(v) {}
    Field(std::string_view k, const char* v) : key(k), value(v) {}
    Field(std::string_view k, std::integral auto v) : key(k), value(std::to_string(v)) {}
};

/// Thread: any. Set once at start; changing the level later is safe.
void configure(Level level, Format format);
bool enabled(Level level);

/// Writes one line to standard error with one write(2): time, level, component, message, fields.
/// Control characters are escaped, so that input cannot forge a line.
void write(Level level, std::string_view component, std::string_view message,
           std::initializer_list<Field> fields = {});

inline void debug(std::string_view c, std::string_view m, std::initializer_list<Field> f = {}) {
    if (enabled(Level::Debug)) write(Level::Debug, c, m, f);
}
inline void info(std::string_view c, std::string_view m, std::initializer_list<Field> f = {}) {
    write(Level::Info, c, m, f);
}
inline void warn(std::string_view c, std::string_view m, std::initializer_list<Field> f = {}) {
    write(Level::Warn, c, m, f);
}
inline void error(std::string_view c, std::string_view m, std::initializer_list<Field> f = {}) {
    write(Level::Error, c, m, f);
}

/// Lines written so far per level, for pgsidecar_log_messages_total.
std::uint64_t written(Level level);

std::string_view to_string(Level level);

}  // namespace pgsidecar::base::log
