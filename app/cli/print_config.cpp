#include "app/cli/print_config.hpp"

#include "config/settings_table.hpp"
#include "model/json_object.hpp"

namespace pgsidecar::app {

using config::ValueType;

std::string config_text(const config::LoadResult& loaded) {
    std::string out;
    for (const auto& setting : config::settings_table()) {
        const std::string value = config::shown_value(setting, loaded.settings);
        const bool is_number = setting.field.type == ValueType::Integer;
        out.append(setting.key).append(" = ");
        out += is_number ? value : "\"" + value + "\"";
        out += "  # " + loaded.source_of(setting.key) + "\n";
    }
    return out;
}

std::string config_json(const config::LoadResult& loaded) {
    model::JsonObject all;
    for (const auto& setting : config::settings_table()) {
        const std::string value = config::shown_value(setting, loaded.settings);
        model::JsonObject one;
        if (setting.field.type == ValueType::Integer) {
            one.add_raw("value", value);
        } else {
            one.add("value", value);
        }
        one.add("source", loaded.source_of(setting.key));
        all.add_raw(setting.key, one.finish());
    }
    return all.finish() + "\n";
}

}  // namespace pgsidecar::app
