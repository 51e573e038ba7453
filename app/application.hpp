#pragma once

#include <memory>

#include "config/loader.hpp"

namespace pgsidecar::app {

/// The running sidecar: makes the parts, ties them together, stops them in order.
///
/// Thread: the main thread, which becomes the control thread in run().
class Application {
public:
    /// input: what loaded was loaded from; it is read again at a reload.
    Application(config::LoadInput input, config::LoadResult loaded);
    ~Application();

    /// Until SIGTERM or SIGINT; the exit code.
    int run();

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace pgsidecar::app
