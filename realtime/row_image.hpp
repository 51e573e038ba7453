#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pgsidecar::realtime {

/// One column's value.
struct RowField {
    enum class Kind : std::uint8_t { Null, Bool, Number, String, Json };
    std::string name;
    Kind kind = Kind::Null;
    std::string text;  ///< a number's digits, a string's characters, otherwise JSON
};

/// A row that came as a JSON object, ready to be filtered, cut down and written again.
///
/// Numbers that a double cannot hold become strings (contract 5.1).
class RowImage {
public:
    /// Nothing when the text is no JSON object, nested too deep or with a key twice.
    static std::optional<RowImage> parse(std::string_view json);

    const RowField* find(std::string_view name) const;
    /// unwanted: of a column's name.
    template <class Unwanted>
    void erase_if(const Unwanted& unwanted) {
        std::erase_if(fields_, [&](const RowField& field) { return unwanted(field.name); });
    }
    /// select empty: all columns.
    std::string to_json(const std::vector<std::string>& select) const;
    /// A number becomes a string.
    void make_text(std::string_view name);
    const std::vector<RowField>& fields() const { return fields_; }

private:
    std::vector<RowField> fields_;
};

/// Whether a double holds this JSON number exactly enough to be sent as a number.
bool number_is_safe(std::string_view digits);

}  // namespace pgsidecar::realtime
