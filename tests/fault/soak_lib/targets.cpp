#include <sys/wait.h>

#include <filesystem>

#include "tests/fault/soak_lib/target.hpp"
#include "tests/support/metric_names.hpp"

namespace pgsidecar::test::soak {

namespace {

std::string gate_url(int gate_port) {
    return "postgres://postgres@127.0.0.1:" + std::to_string(gate_port) + "/postgres";
}

class SidecarTarget final : public Target {
public:
    SidecarTarget(const Plan& plan, int gate_port) : process_(options(plan, gate_port, spool_)) {}

    std::string conninfo() const override { return process_.conninfo(); }
    void launch(const std::string& crash_at) override {
        // The first time it is waited for, so that it knows the database before any fault.
        if (launched_) return process_.launch(crash_at);
        launched_ = true;
        process_.start(crash_at);
    }
    void kill() override { process_.kill(); }
    bool running() override { return process_.running(); }

    std::string broken() override {
        if (process_.running() || process_.was_killed(0ms)) return {};
        int status = *process_.status();
        return WIFSIGNALED(status)
                   ? "the sidecar crashed with signal " + std::to_string(WTERMSIG(status))
                   : "the sidecar ended with exit code " + std::to_string(WEXITSTATUS(status));
    }

    bool settled() override {
        Metrics metrics = process_.metrics();
        return !metrics.empty() && metrics.value(metric::kSpoolEntries) == 0;
    }

    std::string log_tail() override { return process_.log_tail(25); }

    void keep(const std::string& folder) override {
        std::error_code ignored;
        std::filesystem::create_directories(folder, ignored);
        std::filesystem::copy(spool_.path(), folder + "/spool",
                              std::filesystem::copy_options::recursive, ignored);
        std::filesystem::copy_file(process_.log_path(), folder + "/log",
                                   std::filesystem::copy_options::overwrite_existing, ignored);
    }

private:
    static SidecarOptions options(const Plan& plan, int gate_port, const TempFolder& spool) {
        SidecarOptions out;
        out.upstream_url = gate_url(gate_port);
        out.spool_folder = spool.path();
        out.pool_mode = plan.pool_mode;
        out.pool_size = plan.pool_size;
        out.flags = quick_outage_flags();
        out.flags.insert(out.flags.end(), plan.flags.begin(), plan.flags.end());
        return out;
    }

    TempFolder spool_;
    SidecarProcess process_;
    bool launched_ = false;
};

class DirectTarget final : public Target {
public:
    explicit DirectTarget(int gate_port) : gate_port_(gate_port) {}

    std::string conninfo() const override {
        return "host=127.0.0.1 port=" + std::to_string(gate_port_) +
               " user=postgres dbname=postgres sslmode=disable gssencmode=disable "
               "connect_timeout=10";
    }
    void launch(const std::string&) override {}
    void kill() override {}
    bool running() override { return true; }
    bool settled() override { return true; }

private:
    int gate_port_;
};

}  // namespace

std::unique_ptr<Target> sidecar_target(const Plan& plan, int gate_port) {
    return std::make_unique<SidecarTarget>(plan, gate_port);
}

std::unique_ptr<Target> direct_target(int gate_port) {
    return std::make_unique<DirectTarget>(gate_port);
}

}  // namespace pgsidecar::test::soak
