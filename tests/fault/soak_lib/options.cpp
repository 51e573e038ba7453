#include "tests/fault/soak_lib/options.hpp"

#include <charconv>
#include <functional>
#include <iostream>
#include <map>

namespace pgsidecar::test::soak {

namespace {

constexpr const char* kUsage =
    "usage: tests/fault/soak N [options]\n"
    "  --first-seed S    the seeds are S to S+N-1 (1)\n"
    "  --seconds X       how long the faults of each run last (0.9 to 1.7, by the seed)\n"
    "  --clients K       writers (4 to 8, by the seed)\n"
    "  --control NAME    instead of the sidecar something that must be found out:\n"
    "                    forgetful-server, retrying-clients or memory-queue;\n"
    "                    or direct, an honest server, in which nothing may be found\n"
    "  --keep DIR        where log and spool of failed runs go\n"
    "  --plans           print the plans and do nothing\n"
    "  --verbose         a line for every run\n";

template <class Number>
bool number(const std::string& text, Number& out) {
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    return error == std::errc{} && end == text.data() + text.size();
}

bool control(const std::string& name, Control& out) {
    static const std::map<std::string, Control> kNames{
        {"forgetful-server", Control::ForgetfulServer},
        {"retrying-clients", Control::RetryingClients},
        {"memory-queue", Control::MemoryQueue},
        {"direct", Control::Direct}};
    auto it = kNames.find(name);
    if (it == kNames.end()) return false;
    out = it->second;
    return true;
}

bool seconds(const std::string& text, PlanOptions& plan) {
    double value = 0;
    if (!number(text, value) || value < 0.5 || value > 3600) return false;
    plan.shortest = plan.longest = Ms(static_cast<int>(value * 1000));
    return true;
}

bool clients(const std::string& text, PlanOptions& plan) {
    if (!number(text, plan.most_writers) || plan.most_writers < 1 || plan.most_writers > 64)
        return false;
    plan.fewest_writers = plan.most_writers;
    return true;
}

bool take(const std::string& flag, const std::string& value, Options& o) {
    if (flag == "--first-seed") return number(value, o.first_seed);
    if (flag == "--seconds") return seconds(value, o.plan);
    if (flag == "--clients") return clients(value, o.plan);
    if (flag == "--control") return control(value, o.control);
    if (flag == "--keep") return !(o.keep = value).empty();
    return false;
}

}  // namespace

bool parse(int argc, char** argv, Options& options) {
    for (int i = 1; i < argc; ++i) {
        std::string word = argv[i];
        bool good = false;
        if (word == "--verbose")
            good = options.verbose = true;
        else if (word == "--plans")
            good = options.print_plans = true;
        else if (word.starts_with("--") && i + 1 < argc)
            good = take(word, argv[++i], options);
        else
            good = number(word, options.runs) && options.runs > 0;
        if (good) continue;
        std::cerr << "soak: cannot use '" << word << "'\n" << kUsage;
        return false;
    }
    if (options.runs == 0) std::cerr << kUsage;
    return options.runs > 0;
}

}  // namespace pgsidecar::test::soak
