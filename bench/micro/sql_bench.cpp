#include <benchmark/benchmark.h>

#include <array>
#include <cstdio>
#include <string>
#include <vector>

#include "sql/classifier.hpp"

namespace {

using pgsidecar::sql::Classifier;

constexpr std::size_t kTexts = 4'096;

/// Texts that differ in their literals only, as pgbench's simple protocol sends them.
template <class Format>
std::vector<std::string> texts(Format format) {
    std::vector<std::string> out;
    for (std::size_t i = 0; i < kTexts; ++i) out.push_back(format(i * 7'919 % 100'000));
    return out;
}

void run(benchmark::State& state, const std::vector<std::string>& all) {
    Classifier classifier({});
    std::size_t at = 0, bytes = 0;
    for (const auto& text : all) classifier.classify(text);
    for (auto _ : state) {
        const std::string& text = all[at];
        at = at + 1 == all.size() ? 0 : at + 1;
        bytes += text.size();
        benchmark::DoNotOptimize(classifier.classify(text).data());
    }
    state.SetBytesProcessed(static_cast<std::int64_t>(bytes));
}

void select_only_simple(benchmark::State& state) {
    run(state, texts([](std::size_t n) {
            return "SELECT abalance FROM pgbench_accounts WHERE aid = " + std::to_string(n) + ";";
        }));
}
BENCHMARK(select_only_simple);

void same_text(benchmark::State& state) {
    run(state, {"SELECT abalance FROM pgbench_accounts WHERE aid = $1;"});
}
BENCHMARK(same_text);

void begin_and_end(benchmark::State& state) { run(state, {"BEGIN;", "END;"}); }
BENCHMARK(begin_and_end);

void insert_history(benchmark::State& state) {
    run(state, texts([](std::size_t n) {
            return "INSERT INTO pgbench_history (tid, bid, aid, delta, mtime) VALUES (" +
                   std::to_string(n % 10) + ", 1, " + std::to_string(n) + ", -" +
                   std::to_string(n % 5'000) + ", CURRENT_TIMESTAMP);";
        }));
}
BENCHMARK(insert_history);

void orm_select(benchmark::State& state) {
    run(state, texts([](std::size_t n) {
            return R"(SELECT "public"."users"."id", "public"."users"."email", "public"."users"."created_at" FROM )"
                   R"("public"."users" LEFT JOIN "public"."orders" AS "o" ON "o"."user_id" = "public"."users"."id" )"
                   R"(WHERE ("o"."total" > 100 AND "o"."state" IN ('open', 'paid')) ORDER BY "o"."id" DESC LIMIT )" +
                   std::to_string(n);
        }));
}
BENCHMARK(orm_select);

void miss(benchmark::State& state) {
    Classifier classifier({.cache_entries = 8});
    std::size_t n = 0;
    for (auto _ : state) {
        std::array<char, 96> text;
        const int size = std::snprintf(text.data(), text.size(),
                                       "SELECT c%zu FROM t JOIN u USING (id) WHERE a = 1", ++n);
        benchmark::DoNotOptimize(
            classifier.classify({text.data(), static_cast<std::size_t>(size)}).data());
    }
}
BENCHMARK(miss);

void bulk_insert(benchmark::State& state) {
    std::string text = "INSERT INTO t (a, b, c) VALUES (1, 'x', now())";
    for (int i = 0; i < 10'000; ++i) text += ", (" + std::to_string(i) + ", 'some text', now())";
    run(state, {text});
}
BENCHMARK(bulk_insert);

}  // namespace

BENCHMARK_MAIN();
