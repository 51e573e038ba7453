#include "metrics/family_builder.hpp"

#include <algorithm>

#include "base/assert.hpp"

namespace pgsidecar::metrics {

namespace {

prometheus::MetricType type_of(MetricType type) {
    switch (type) {
        case MetricType::Counter: return prometheus::MetricType::Counter;
        case MetricType::Gauge: return prometheus::MetricType::Gauge;
        case MetricType::Histogram: return prometheus::MetricType::Histogram;
    }
    return prometheus::MetricType::Untyped;
}

}  // namespace

prometheus::ClientMetric& FamilyBuilder::append(
    MetricId id, std::initializer_list<std::string_view> label_values) {
    const MetricInfo& metric_info = info(id);
    prometheus::MetricFamily& family = families_[static_cast<std::size_t>(id)];
    if (family.name.empty()) {
        family.name = metric_info.name;
        family.help = metric_info.help;
        family.type = type_of(metric_info.type);
    }
    prometheus::ClientMetric metric;
    std::size_t i = 0;
    for (std::string_view value : label_values) {
        PGS_ASSERT(i < metric_info.labels.size() && !metric_info.labels[i].empty());
        metric.label.push_back({std::string(metric_info.labels[i++]), std::string(value)});
    }
    family.metric.push_back(std::move(metric));
    return family.metric.back();
}

void FamilyBuilder::add_histogram(MetricId id, const std::vector<std::uint64_t>& cumulative,
                                  std::uint64_t count, double sum) {
    prometheus::ClientMetric::Histogram& histogram = append(id, {}).histogram;
    for (std::size_t i = 0; i < cumulative.size(); ++i) {
        histogram.bucket.push_back({cumulative[i], duration_bounds()[i].seconds});
    }
    // A worker may have counted between our reading of the buckets and of the count.
    histogram.sample_count = cumulative.empty() ? count : std::max(count, cumulative.back());
    histogram.sample_sum = sum;
}

std::vector<prometheus::MetricFamily> FamilyBuilder::take() {
    std::vector<prometheus::MetricFamily> out;
    for (prometheus::MetricFamily& family : families_) {
        if (!family.metric.empty()) out.push_back(std::move(family));
    }
    return out;
}

}  // namespace pgsidecar::metrics
