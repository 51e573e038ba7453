#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>
#include <string>

#include "sql/classifier.hpp"

namespace {

std::atomic<std::size_t> g_allocations{0};

void* counted(std::size_t size, std::size_t alignment) {
    g_allocations.fetch_add(1, std::memory_order_relaxed);
    void* memory = nullptr;
    if (posix_memalign(&memory, alignment < sizeof(void*) ? sizeof(void*) : alignment,
                       size == 0 ? 1 : size) != 0) {
        throw std::bad_alloc();
    }
    return memory;
}

}  // namespace

void* operator new(std::size_t size) { return counted(size, alignof(std::max_align_t)); }
void* operator new[](std::size_t size) { return counted(size, alignof(std::max_align_t)); }
void* operator new(std::size_t size, std::align_val_t a) {
    return counted(size, static_cast<std::size_t>(a));
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }

namespace pgsidecar::sql {
namespace {

/// Allocations of classifying `again` after `first` made the shapes known.
std::size_t allocations(const std::string& first, const std::string& again) {
    Classifier classifier({});
    classifier.classify(first);
    classifier.classify(first);
    const auto misses = classifier.stats().misses;
    const std::size_t before = g_allocations;
    for (int i = 0; i < 10; ++i) classifier.classify(again);
    const std::size_t after = g_allocations;
    EXPECT_EQ(classifier.stats().misses, misses);
    return after - before;
}

TEST(Allocation, TheCountingWorks) { EXPECT_GT(allocations("select 1", "select 1; select 2"), 0U); }

TEST(Allocation, AHitTakesNone) {
    const std::string select = "SELECT abalance FROM pgbench_accounts WHERE aid = ";
    EXPECT_EQ(allocations(select + "1;", select + "12345;"), 0U);
    EXPECT_EQ(allocations(select + "$1", select + "$1"), 0U);
    EXPECT_EQ(allocations("insert into t values (1, f(2)), (3, f(4))",
                          "insert into t values (7, f(8)),(9,f(0)), (1,f(1))"),
              0U);
    const std::string pad = " -- " + std::string(1'000, 'x');
    EXPECT_EQ(allocations(select + "1" + pad, select + "2" + pad), 0U);
}

TEST(Allocation, SeveralKnownStatementsTakeNoneOnceTheRoomIsThere) {
    EXPECT_EQ(allocations("begin; select 1; commit", "begin; select 7; commit"), 0U);
}

}  // namespace
}  // namespace pgsidecar::sql
