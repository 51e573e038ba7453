#include "tests/fault/soak_lib/report.hpp"

#include <iomanip>
#include <iostream>

namespace pgsidecar::test::soak {

namespace {

/// The counts that say that something is wrong; nothing for those that are zero.
std::string wrong(const Tally& t) {
    std::string text;
    auto add = [&](const char* name, std::uint64_t count) {
        if (count > 0)
            text += (text.empty() ? "" : ", ") + std::string(name) + " " + std::to_string(count);
    };
    add("lost", t.lost);
    add("duplicated", t.duplicated);
    add("out of order", t.out_of_order);
    add("refused but applied", t.refused_applied);
    add("torn", t.torn);
    add("garbled", t.garbled);
    add("strays", t.strays);
    add("stale reads", t.stale_reads);
    add("unanswered", t.unanswered);
    return text;
}

void line(const char* name, std::uint64_t value, const char* meaning = "") {
    std::cout << "  " << std::left << std::setw(22) << name << std::right << std::setw(12) << value
              << "  " << meaning << "\n";
}

}  // namespace

void Report::add(const Plan& plan, const RunResult& result) {
    ++runs_;
    crashes_reached_ += result.crashes_reached;
    for (const auto& fault : plan.faults) faults_ += fault.kind == FaultKind::SidecarCrash ? 0 : 1;
    sum_.add(result.tally);
    const Tally& t = result.tally;
    if (options_.verbose) {
        std::cout << to_text(plan) << ": acknowledged " << t.acknowledged << ", refused "
                  << t.refused << ", unknown " << t.unknown << ", applied " << t.applied << "\n";
    }
    if (result.failed()) {
        ++failed_;
        std::cout << "FAILED "
                  << (options_.verbose ? "seed " + std::to_string(plan.seed) : to_text(plan))
                  << ": " << wrong(t) << "\n";
        for (const auto& sentence : result.faults) std::cout << "    " << sentence << "\n";
        for (const auto& sentence : t.examples) std::cout << "    " << sentence << "\n";
        if (options_.verbose && !result.log_tail.empty()) std::cout << result.log_tail << "\n";
    }
    std::cout.flush();
}

bool Report::control_found_out() const {
    switch (options_.control) {
        case Control::ForgetfulServer: return sum_.lost > 0;
        case Control::RetryingClients: return sum_.duplicated > 0;
        case Control::MemoryQueue: return sum_.lost > 0 && sum_.out_of_order > 0;
        case Control::Direct:
        case Control::None: break;
    }
    return false;
}

int Report::finish() const {
    auto took = std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - began_).count();
    std::cout << runs_ << " runs in " << took << " s, " << failed_ << " failed; seeds "
              << options_.first_seed << " to " << options_.seed(runs_ - 1) << "\n";
    line("faults played", static_cast<std::uint64_t>(faults_));
    line("crash points reached", static_cast<std::uint64_t>(crashes_reached_));
    line("acknowledged", sum_.acknowledged);
    line("refused", sum_.refused, "told that it did not happen");
    line("unknown", sum_.unknown, "connection lost, or 08007");
    line("applied", sum_.applied, "rows in the table");
    line("unknown but applied", sum_.unknown_applied);
    line("lost", sum_.lost, "acknowledged, not there");
    line("duplicated", sum_.duplicated);
    line("out of order", sum_.out_of_order, "of one client");
    line("refused but applied", sum_.refused_applied);
    line("torn", sum_.torn, "transactions of which a part is there");
    line("garbled", sum_.garbled, "rows with another content");
    line("strays", sum_.strays, "rows that nobody wrote");
    line("stale reads", sum_.stale_reads, "did not show the client's own acknowledged write");
    line("unanswered", sum_.unanswered, "statements without an answer after the healing");
    if (options_.control == Control::None || options_.control == Control::Direct)
        return failed_ > 0 ? 1 : 0;
    bool found = control_found_out();
    std::cout << (found ? "the control was found out\n" : "THE CONTROL WAS NOT FOUND OUT\n");
    return found ? 0 : 1;
}

}  // namespace pgsidecar::test::soak
