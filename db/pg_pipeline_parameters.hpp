#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pgsidecar::db {

/// Parameters as libpq's PQsendQueryParams() wants them, read from the part of a Bind message that
/// goes from the count of format codes to the last value (manual, "Message Formats").
///
/// libpq measures text values by their zero byte, so they are copied; binary ones stay where they
/// are. One object serves many statements and keeps its memory. Thread: its owner's.
class BindParameters {
public:
    /// False when the bytes are no such part, or hold a text value with a zero byte in it, which
    /// PostgreSQL's text cannot. Empty bytes: no parameters.
    bool read(std::string_view body);

    int count() const { return static_cast<int>(values_.size()); }
    const char* const* values() const { return values_.data(); }
    const int* lengths() const { return lengths_.data(); }
    const int* formats() const { return formats_.data(); }

private:
    bool read_formats(std::string_view& rest);
    bool read_values(std::string_view rest);

    std::vector<int> given_formats_;
    std::vector<const char*> values_;
    std::vector<int> lengths_, formats_;
    std::string texts_;
    std::vector<std::size_t> offsets_;  ///< of the text values in texts_
};

/// The same part of a Bind message for values in text form; nullopt: NULL.
std::string bind_body(const std::vector<std::optional<std::string_view>>& values);

}  // namespace pgsidecar::db
