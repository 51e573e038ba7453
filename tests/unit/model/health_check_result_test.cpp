#include "model/health_check_result.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "model/events.hpp"

namespace pgsidecar::model {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

HealthCheckResult good() { return {"c-1", 1'000'000, true, 1.8, std::nullopt, {}}; }

TEST(HealthCheckResult, GoodOneIsValid) { EXPECT_THAT(validate(good(), 1'000'000), IsEmpty()); }

TEST(HealthCheckResult, NegativeLatencyIsRefused) {
    auto result = good();
    result.latency_ms = -0.1;
    EXPECT_THAT(validate(result, 1'000'000), ElementsAre(HasSubstr("latency")));
    result.latency_ms = std::numeric_limits<double>::quiet_NaN();
    EXPECT_THAT(validate(result, 1'000'000), ElementsAre(HasSubstr("latency")));
}

TEST(HealthCheckResult, FailureWithoutErrorIsRefused) {
    auto result = good();
    result.success = false;
    EXPECT_THAT(validate(result, 1'000'000), ElementsAre(HasSubstr("error")));
    result.error = "";
    EXPECT_THAT(validate(result, 1'000'000), ElementsAre(HasSubstr("error")));
    result.error = "refused";
    EXPECT_THAT(validate(result, 1'000'000), IsEmpty());
}

TEST(HealthCheckResult, FutureTimestampIsRefused) {
    EXPECT_THAT(validate(good(), 999'999), ElementsAre(HasSubstr("timestamp")));
}

TEST(HealthCheckResult, JsonHasTheSeedsNames) {
    auto result = good();
    result.details = {{"server", "15.6"}};
    EXPECT_EQ(to_json(result),
              R"({"connectionId":"c-1","timestamp":"1970-01-01T00:00:01.000Z","success":true,)"
              R"("latency":1.8,"details":{"server":"15.6"}})");
}

TEST(HealthEvent, IsAProjectionOfTheResult) {
    const auto event = to_health_event(good(), DatabaseMode::Supabase);
    EXPECT_EQ(to_json(event), R"({"healthy":true,"latency":1.8,"mode":"supabase",)"
                              R"("timestamp":"1970-01-01T00:00:01.000Z","connectionId":"c-1"})");
}

TEST(HealthEvent, FailureAlwaysHasAnError) {
    HealthEvent event;
    EXPECT_THAT(to_json(event), HasSubstr(R"("error":"The health check failed)"));
    event.error = "timed out";
    EXPECT_THAT(to_json(event), HasSubstr(R"("error":"timed out")"));
}

}  // namespace
}  // namespace pgsidecar::model
