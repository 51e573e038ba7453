#include "realtime/operation_sampler.hpp"

#include <algorithm>
#include <utility>

namespace pgsidecar::realtime {
namespace {

constexpr int kMaxWindowsPerSecond = 10;

}  // namespace

std::size_t OperationSampler::budget(std::int64_t mono_ns) {
    // Short windows spread the frames over the second: a burst at its start would hide the rest of
    // it.
    int windows = std::clamp(per_second_, 1, kMaxWindowsPerSecond);
    if (!started_ || mono_ns - window_start_ns_ >= 1'000'000'000 / windows) {
        started_ = true;
        window_start_ns_ = mono_ns;
        used_in_window_ = 0;
    }
    auto share = static_cast<std::size_t>(std::max(per_second_, 0) / windows);
    return share > used_in_window_ ? share - used_in_window_ : 0;
}

OperationSampler::Choice OperationSampler::choose(std::span<const model::DatabaseOperation> batch,
                                                  std::int64_t mono_ns) {
    Choice choice;
    std::size_t room = std::min(budget(mono_ns), batch.size());
    for (bool failures : {true, false}) {
        for (std::size_t i = batch.size(); i-- > 0 && choice.picked.size() < room;) {
            if (batch[i].success != failures) choice.picked.push_back(i);
        }
    }
    std::sort(choice.picked.begin(), choice.picked.end());
    used_in_window_ += choice.picked.size();
    skipped_ += batch.size() - choice.picked.size();
    if (!choice.picked.empty()) choice.skipped = std::exchange(skipped_, 0);
    return choice;
}

}  // namespace pgsidecar::realtime
