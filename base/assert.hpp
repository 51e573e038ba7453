#pragma once

#include <cstdio>
#include <cstdlib>

namespace pgsidecar::base {

[[noreturn]] inline void fail_check(const char* expression, const char* file, int line) {
    std::fprintf(stderr,
                 "pgsidecar: broken invariant '%s' at %s:%d; this is a bug, please report it\n",
                 expression, file, line);
    std::abort();
}

}  // namespace pgsidecar::base

/// An own invariant whose breach would corrupt data: always on. Never for input from outside.
#define PGS_CHECK(expression) \
    ((expression) ? void(0) : ::pgsidecar::base::fail_check(#expression, __FILE__, __LINE__))

/// An own invariant: on in debug builds. Never for input from outside.
#ifdef NDEBUG
#define PGS_ASSERT(expression) void(0)
#else
#define PGS_ASSERT(expression) PGS_CHECK(expression)
#endif
