#include "config/loader.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "config/layers.hpp"
#include "config/text.hpp"

namespace pgsidecar::config {
namespace {

template <class T>
void append(std::vector<T>& to, std::vector<T> from) {
    to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

/// DATABASE_URL is every app's own variable; it ranks below the sidecar's.
Layer read_database_url(const LoadInput& input) {
    Layer layer;
    const auto found = input.environment.find("DATABASE_URL");
    if (found != input.environment.end() && !found->second.empty()) {
        layer.values.push_back(
            {find_setting("database_url"), found->second, "environment DATABASE_URL"});
    }
    return layer;
}

Layer read_config_file(const LoadInput& input, const FlagLayer& flags) {
    std::string path = flags.config_path.value_or("");
    std::string source = "flag --config";
    if (!flags.config_path) {
        const auto found = input.environment.find("PGSIDECAR_CONFIG");
        if (found == input.environment.end() || found->second.empty()) return {};
        path = found->second;
        source = "environment PGSIDECAR_CONFIG";
    }
    auto text = input.read(path);
    if (text) return read_toml(path, *text);
    Layer layer;
    std::string reason = text.error().message();
    if (text.error() == std::errc::file_too_large) {
        reason = "it is longer than " + std::to_string(kMaxFileBytes) + " bytes";
    }
    layer.mistakes.push_back({source, "names a file that cannot be read (" + in_quotes(path) +
                                          ": " + reason + "); check its path and rights."});
    return layer;
}

/// Lays the layers over each other, the weakest first.
class Layers {
public:
    explicit Layers(LoadResult& result) : result_(result) {}

    void apply(Layer layer) {
        for (const auto& given : layer.values) {
            if (auto sentence = set(*given.setting, result_.settings, given.text)) {
                layer.mistakes.push_back(
                    {given.source, std::move(*sentence), MistakeKind::Config, given.line});
                refused_.insert(given.setting->key);
            } else {
                result_.sources[given.setting->key] = given.source;
            }
        }
        std::stable_sort(layer.mistakes.begin(), layer.mistakes.end(),
                         [](const Mistake& a, const Mistake& b) { return a.line < b.line; });
        append(result_.mistakes, std::move(layer.mistakes));
        append(result_.warnings, std::move(layer.warnings));
    }

    const std::set<std::string_view>& refused() const { return refused_; }

private:
    LoadResult& result_;
    std::set<std::string_view> refused_;
};

/// What a setting that nobody gave becomes because of others.
void derive(const LoadInput& input, LoadResult& result) {
    auto& settings = result.settings;
    if (!result.sources.contains("mode") && settings.database.supabase_url) {
        settings.database.mode = model::DatabaseMode::Supabase;
        result.sources["mode"] = "derived from supabase.url";
    }
    if (settings.log.format == LogFormat::Auto) {
        settings.log.format = input.is_tty ? LogFormat::Text : LogFormat::Json;
        result.sources["log.format"] = result.source_of("log.format") +
                                       " (auto: standard error is " +
                                       (input.is_tty ? "a terminal)" : "no terminal)");
    }
    for (auto* address :
         {&settings.listen.address, &settings.http.address, &settings.http.probes_address}) {
        if (*address == "localhost") *address = "127.0.0.1";
    }
}

}  // namespace

std::string LoadResult::source_of(std::string_view key) const {
    const auto found = sources.find(key);
    return found == sources.end() ? "default" : found->second;
}

LoadResult load(const LoadInput& input) {
    LoadResult result;
    auto flags = read_flags(input.args);
    Layers layers(result);
    layers.apply(read_database_url(input));
    layers.apply(read_config_file(input, flags));
    layers.apply(read_environment(input));
    layers.apply(std::move(flags));
    derive(input, result);
    apply_libpq_environment(input, result);
    check_rules(result, layers.refused());
    if (result.mistakes.size() > kMaxMistakes) {
        const auto more = result.mistakes.size() - kMaxMistakes + 1;
        result.mistakes.resize(kMaxMistakes - 1);
        result.mistakes.push_back(
            {"configuration", "has " + std::to_string(more) + " more mistakes."});
    }
    return result;
}

}  // namespace pgsidecar::config
