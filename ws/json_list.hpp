#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "model/json_object.hpp"

namespace pgsidecar::ws {

/// Writes a JSON array, element by element.
class JsonList {
public:
    /// A complete JSON value.
    JsonList& raw(std::string_view json) {
        if (text_.size() > 1) text_ += ',';
        text_ += json;
        return *this;
    }
    /// With up to three decimals; what JSON cannot express is null.
    JsonList& number(double value);
    JsonList& number(std::int64_t value) { return raw(std::to_string(value)); }
    JsonList& number(const std::optional<double>& value) {
        return value ? number(*value) : raw("null");
    }
    std::string finish() const { return text_ + "]"; }

private:
    std::string text_ = "[";
};

/// Adds null when there is no value.
template <class T>
void add_or_null(model::JsonObject& to, std::string_view name, const std::optional<T>& value) {
    if (value) {
        to.add(name, *value);
    } else {
        to.add_raw(name, "null");
    }
}

/// Adds null for an empty text.
inline void add_or_null(model::JsonObject& to, std::string_view name, const std::string& text) {
    if (text.empty()) {
        to.add_raw(name, "null");
    } else {
        to.add(name, text);
    }
}

}  // namespace pgsidecar::ws
