#pragma once

#include <prometheus/metric_family.h>

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "metrics/catalogue.hpp"

namespace pgsidecar::metrics {

/// Turns readings into prometheus-cpp's families; the only user of its types besides registry.cpp.
class FamilyBuilder {
public:
    template <class... Labels>
    void add(MetricId id, double value, Labels... label_values) {
        prometheus::ClientMetric& metric = append(id, {std::string_view(label_values)...});
        metric.counter.value = value;
        metric.gauge.value = value;
    }
    template <class... Labels>
    void add(MetricId id, std::uint64_t value, Labels... label_values) {
        add(id, static_cast<double>(value), label_values...);
    }
    template <class... Labels>
    void add(MetricId id, std::int64_t value, Labels... label_values) {
        add(id, static_cast<double>(value), label_values...);
    }
    /// cumulative[i] belongs to duration_bounds()[i].
    void add_histogram(MetricId id, const std::vector<std::uint64_t>& cumulative,
                       std::uint64_t count, double sum);

    /// In the catalogue's order.
    std::vector<prometheus::MetricFamily> take();

private:
    prometheus::ClientMetric& append(MetricId id,
                                     std::initializer_list<std::string_view> label_values);

    std::array<prometheus::MetricFamily, static_cast<std::size_t>(MetricId::kCount)> families_;
};

}  // namespace pgsidecar::metrics
