#include "app/reloader.hpp"

#include <string_view>
#include <utility>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "config/reload.hpp"

namespace pgsidecar::app {

namespace log = base::log;

namespace {

std::string joined(const std::vector<std::string>& words) {
    std::string all;
    for (const std::string& word : words) all += (all.empty() ? "" : ", ") + word;
    return all;
}

std::vector<std::string> texts(const std::vector<std::string_view>& keys) {
    return {keys.begin(), keys.end()};
}

std::vector<std::string> sentences(const std::vector<config::Mistake>& mistakes) {
    std::vector<std::string> all;
    for (const auto& mistake : mistakes) all.push_back(mistake.source + ": " + mistake.sentence);
    return all;
}

}  // namespace

Reloader::Reloader(config::LoadInput input, config::LoadResult present,
                   std::shared_ptr<metrics::ProcessCounters> counters, Apply apply)
    : input_(std::move(input)),
      present_(std::move(present)),
      counters_(std::move(counters)),
      apply_(std::move(apply)) {}

Reloader::Report Reloader::attempt() {
    config::Reload next = config::reload(present_, config::load(input_));
    Report report;
    report.warnings = sentences(next.loaded.warnings);
    if (!next.loaded.ok()) {
        for (const std::string& sentence : sentences(next.loaded.mistakes))
            report.problem += (report.problem.empty() ? "" : " ") + sentence;
        return report;
    }
    report.problem = apply_(next.loaded);
    if (!report.ok()) return report;
    report.changed = texts(next.changed);
    report.needs_restart = texts(next.needs_restart);
    present_ = std::move(next.loaded);
    return report;
}

Reloader::Report Reloader::reload() {
    Report report = attempt();
    (report.ok() ? counters_->reloads_ok : counters_->reloads_failed).add();
    counters_->last_reload_ok.set(report.ok() ? 1 : 0);
    if (report.ok()) counters_->last_reload_success_us.set(base::read_clocks().wall_us);
    tell(report);
    return report;
}

void Reloader::tell(const Report& report) const {
    for (const std::string& warning : report.warnings) log::warn("config", warning);
    if (!report.ok()) {
        log::error("config", "the configuration was not reloaded; the old one stays in use",
                   {{"problem", report.problem}});
        return;
    }
    log::info("config", "the configuration was reloaded", {{"changed", joined(report.changed)}});
    if (!report.needs_restart.empty()) {
        log::warn("config", "settings that need a restart keep their values",
                  {{"settings", joined(report.needs_restart)}});
    }
}

}  // namespace pgsidecar::app
