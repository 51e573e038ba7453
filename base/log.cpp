#include "base/log.hpp"

#include <unistd.h>
#include <array>
#include <atomic>
#include <cstdio>

#include "base/clock.hpp"

namespace pgsidecar::base::log {

namespace {

std::atomic<Level> g_level{Level::Info};
std::atomic<Format> g_format{Format::Text};
std::array<std::atomic<std::uint64_t>, 5> g_written{};

void append_escaped(std::string& out, std::string_view text) {
    for (char c : text) {
        auto u = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out.push_back('\\');
            out.push_back(c);
        } else if (u < 0x20 || u == 0x7f) {
            char hex[8];
            std::snprintf(hex, sizeof hex, "\\u%04x", u);
            out += hex;
        } else {
            out.push_back(c);
        }
    }
}

bool needs_quotes(std::string_view text) {
    for (char c : text) {
        auto u = static_cast<unsigned char>(c);
        if (u <= 0x20 || u == 0x7f || c == '"' || c == '=' || c == '\\') return true;
    }
    return text.empty();
}

void append_quoted(std::string& out, std::string_view text) {
    out.push_back('"');
    append_escaped(out, text);
    out.push_back('"');
}

std::string json_line(Level level, std::string_view component, std::string_view message,
                      std::initializer_list<Field> fields, const std::string& time) {
    std::string line = R"({"ts":")" + time + R"(","level":")" + std::string(to_string(level)) +
                       R"(","component":)";
    append_quoted(line, component);
    line += R"(,"msg":)";
    append_quoted(line, message);
    for (const Field& field : fields) {
        line.push_back(',');
        append_quoted(line, field.key);
        line.push_back(':');
        append_quoted(line, field.value);
    }
    line += "}\n";
    return line;
}

std::string text_line(Level level, std::string_view component, std::string_view message,
                      std::initializer_list<Field> fields, const std::string& time) {
    std::string line = time + " " + std::string(to_string(level)) + " ";
    line += component;
    line += ": ";
    append_escaped(line, message);
    for (const Field& field : fields) {
        line.push_back(' ');
        line += field.key;
        line.push_back('=');
        if (needs_quotes(field.value)) {
            append_quoted(line, field.value);
        } else {
            line += field.value;
        }
    }
    line.push_back('\n');
    return line;
}

}  // namespace

void configure(Level level, Format format) {
    g_level = level;
    g_format = format;
}

bool enabled(Level level) { return level >= g_level.load(std::memory_order_relaxed); }

void write(Level level, std::string_view component, std::string_view message,
           std::initializer_list<Field> fields) {
    if (!enabled(level)) return;
    g_written[static_cast<std::size_t>(level)].fetch_add(1, std::memory_order_relaxed);
    std::string time = to_iso8601(read_clocks().wall_us);
    std::string line = g_format.load(std::memory_order_relaxed) == Format::Json
                           ? json_line(level, component, message, fields, time)
                           : text_line(level, component, message, fields, time);
    // Nothing sensible is left to do when standard error is gone.
    [[maybe_unused]] ssize_t ignored = ::write(STDERR_FILENO, line.data(), line.size());
}

std::uint64_t written(Level level) { return g_written[static_cast<std::size_t>(level)].load(); }

std::string_view to_string(Level level) {
    static constexpr std::array<std::string_view, 5> kNames = {"trace", "debug", "info", "warn",
                                                               "error"};
    return kNames[static_cast<std::size_t>(level)];
}

}  // namespace pgsidecar::base::log
