#include "app/cli/spool_command.hpp"

#include <algorithm>
#include <charconv>
#include <future>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/cli/spool_report.hpp"
#include "audit/spool_commands.hpp"
#include "audit/spool_folder.hpp"
#include "audit/spool_lock.hpp"
#include "audit/spool_view.hpp"

namespace pgsidecar::app {
namespace {

constexpr int kAnswerTimeoutMs = 15'000;
constexpr std::size_t kAllLetters = 1'000'000;

/// The command's own words and flags; the rest are settings.
struct Asked {
    std::string verb, dir, mistake;
    std::uint64_t sequence = 0;
    bool all = false, json = false;
    std::vector<std::string> settings;

    bool changes() const { return verb == "retry" || verb == "discard"; }
};

void read_which(const std::string& word, Asked& asked) {
    asked.all = word == "all" && asked.changes();
    if (asked.all) return;
    const char* const end = word.data() + word.size();
    const auto read = std::from_chars(word.data(), end, asked.sequence);
    if (read.ec != std::errc{} || read.ptr != end || asked.sequence == 0)
        asked.mistake = "spool " + asked.verb + " takes the sequence of an entry" +
                        (asked.changes() ? ", or all." : ".");
}

Asked read_arguments(const std::vector<std::string>& args) {
    Asked asked;
    std::size_t at = 0;
    if (!args.empty()) asked.verb = args[at++];
    const bool takes_which = asked.verb == "show" || asked.changes();
    if (!takes_which && asked.verb != "list" && asked.verb != "export" && asked.verb != "verify") {
        asked.mistake = "spool takes list, show, export, retry, discard or verify.";
        return asked;
    }
    if (takes_which) read_which(at < args.size() ? args[at++] : std::string(), asked);
    for (; at < args.size(); ++at) {
        const std::string& arg = args[at];
        if (arg == "--json") {
            asked.json = true;
        } else if (arg.starts_with("--dir=")) {
            asked.dir = arg.substr(6);
        } else if (arg == "--dir") {
            if (at + 1 < args.size()) asked.dir = args[++at];
        } else {
            asked.settings.push_back(arg);
            continue;
        }
        if (arg.starts_with("--dir") && asked.dir.empty()) asked.mistake = "--dir needs a value.";
    }
    return asked;
}

/// Folder, settings and where to write: what each verb needs.
struct Job {
    const Asked& asked;
    const config::Settings& settings;
    std::string folder;
    std::ostream& out;
    std::ostream& err;

    int fail(int exit_code, const std::string& sentence) const {
        err << "pgsidecar: " << sentence << '\n';
        return exit_code;
    }
    int no_such_entry() const {
        return fail(kExitData, "there is no such entry in the spool in " + folder + ".");
    }
};

std::unique_ptr<audit::SpoolView> look(const Job& job) {
    std::string problem;
    auto view = audit::SpoolView::open(job.folder, problem);
    if (!view) job.fail(kExitIo, problem);
    return view;
}

template <class Visit>
void visit_all(audit::SpoolView& view, const Visit& visit) {
    view.waiting([&](const audit::SpoolView::Entry& entry) {
        return visit(SpoolItem{&entry.stored, nullptr, entry.bytes, entry.damaged, entry.salvaged});
    });
    view.dead([&](const audit::SpoolView::Letter& found) {
        const auto& letter = found.letter;
        return visit(
            SpoolItem{&letter.stored, &letter, found.bytes, letter.damaged, found.salvaged});
    });
}

int end_of_look(const Job& job, const audit::SpoolView& view) {
    if (!view.incomplete()) return kExitOk;
    return job.fail(
        kExitData,
        "parts of the spool in " + job.folder +
            " cannot be read, entries may be missing ('pgsidecar spool verify' says more). Those "
            "marked salvaged were found outside its tables: what has a sequence up to "
            "pgsidecar.ledger's column applied is in the database already, and some may have been "
            "discarded.");
}

int list(const Job& job) {
    const auto view = look(job);
    if (!view) return kExitIo;
    std::uint64_t count = 0;
    visit_all(*view, [&](const SpoolItem& item) {
        if (!job.asked.json && count == 0) job.out << spool_list_head();
        ++count;
        job.out << (job.asked.json ? spool_json(item, false) : spool_list_line(item));
        return job.out.good();
    });
    if (count == 0 && !job.asked.json && !view->incomplete())
        job.out << "Nothing waits and there are no dead letters in " << job.folder << ".\n";
    return end_of_look(job, *view);
}

int export_all(const Job& job) {
    const auto view = look(job);
    if (!view) return kExitIo;
    visit_all(*view, [&](const SpoolItem& item) {
        job.out << spool_json(item, true);
        return job.out.good();
    });
    return end_of_look(job, *view);
}

int show(const Job& job) {
    const auto view = look(job);
    if (!view) return kExitIo;
    bool found = false;
    visit_all(*view, [&](const SpoolItem& item) {
        if (item.stored->sequence != job.asked.sequence) return true;
        found = true;
        job.out << (job.asked.json ? spool_json(item, true) : spool_text(item));
        return false;
    });
    if (found) return kExitOk;
    const int exit_code = end_of_look(job, *view);
    return exit_code == kExitOk ? job.no_such_entry() : exit_code;
}

int verify(const Job& job) {
    const auto view = look(job);
    if (!view) return kExitIo;
    const auto health = view->verify();
    job.out << (job.asked.json ? spool_health_json(health) : spool_health_text(health, job.folder));
    const bool whole =
        health.problem.empty() && health.damaged.empty() && health.damaged_records == 0;
    return whole ? kExitOk : kExitData;
}

int report_done(const Job& job, std::uint64_t done, std::uint64_t left) {
    const std::string what =
        job.asked.verb == "retry" ? "put behind everything that waits" : "discarded";
    job.out << "Dead letters " << what << ": " << done << ".\n";
    if (left == 0 && (done > 0 || job.asked.all)) return kExitOk;
    return job.fail(kExitData, std::to_string(left) +
                                   " could not be: there is no such dead letter, or it is "
                                   "damaged and can only be exported and discarded.");
}

int ask_sidecar(const Job& job, const std::string& lock_problem) {
    std::string answer;
    const audit::SpoolCommand command{0, job.asked.verb, job.asked.all ? 0 : job.asked.sequence};
    if (!audit::ask_running_sidecar(job.folder, command, kAnswerTimeoutMs, answer))
        return job.fail(kExitUnavailable,
                        lock_problem + " It was asked to do this, but " + answer + ".");
    std::uint64_t done = 0;
    std::uint64_t left = 0;
    const char* const end = answer.data() + answer.size();
    const auto first = std::from_chars(answer.data(), end, done);
    const auto comma = answer.find(", ");
    if (first.ec == std::errc{} && comma != std::string::npos)
        std::from_chars(answer.data() + comma + 2, end, left);
    return report_done(job, done, left);
}

audit::Spool::Options options_of(const Job& job) {
    const auto& outage = job.settings.outage;
    audit::Spool::Options options;
    options.folder = job.folder;
    options.max_bytes = outage.spool_max_bytes;
    options.max_entries = outage.spool_max_entries;
    options.max_entry_bytes = outage.max_entry_bytes;
    options.queue_max_entries = outage.queue_max_entries;
    options.buffer_max_bytes = outage.buffer_max_bytes;
    options.records_max_bytes = job.settings.audit.spool_max_bytes;
    return options;
}

std::vector<std::uint64_t> all_letters(audit::Spool& spool) {
    std::promise<std::vector<audit::DeadLetter>> letters;
    spool.dead_letters(kAllLetters, [&](auto found) { letters.set_value(std::move(found)); });
    std::vector<std::uint64_t> sequences;
    for (const auto& letter : letters.get_future().get())
        sequences.push_back(letter.stored.sequence);
    return sequences;
}

int change(const Job& job) {
    if (!look(job)) return kExitIo;
    {
        audit::SpoolLock lock;
        if (const auto held = lock.take(job.folder); !held.empty()) return ask_sidecar(job, held);
    }
    std::string problem;
    const auto spool = audit::Spool::open(options_of(job), problem);
    if (!spool) return job.fail(kExitIo, problem);
    const auto chosen =
        job.asked.all ? all_letters(*spool) : std::vector<std::uint64_t>{job.asked.sequence};
    std::uint64_t done = 0;
    for (const auto sequence : chosen) {
        std::promise<bool> answer;
        const auto tell = [&answer](bool good) { answer.set_value(good); };
        job.asked.verb == "retry" ? spool->retry(sequence, tell) : spool->discard(sequence, tell);
        if (answer.get_future().get()) ++done;
    }
    return report_done(job, done, chosen.size() - done);
}

int carry_out(const Job& job) {
    if (job.asked.verb == "list") return list(job);
    if (job.asked.verb == "show") return show(job);
    if (job.asked.verb == "export") return export_all(job);
    if (job.asked.verb == "verify") return verify(job);
    return change(job);
}

CliResult refuse(CliResult result, int exit_code, std::ostream& err, std::string_view sentence) {
    err << "pgsidecar: " << sentence << '\n';
    result.exit_code = exit_code;
    return result;
}

}  // namespace

CliResult spool(const config::LoadInput& given, std::ostream& out, std::ostream& err) {
    const Asked asked = read_arguments(given.args);
    if (!asked.mistake.empty())
        return refuse({}, kExitUsage, err,
                      asked.mistake + " 'pgsidecar help' shows how it is used.");
    config::LoadInput input = given;
    input.args = asked.settings;
    CliResult result{std::nullopt, config::load(input)};
    const auto& mistakes = result.loaded.mistakes;
    const bool usage = std::any_of(mistakes.begin(), mistakes.end(), [](const auto& mistake) {
        return mistake.kind == config::MistakeKind::Usage;
    });
    // A folder that is named needs no database; the settings then only bring limits.
    if (usage || (!mistakes.empty() && asked.dir.empty())) {
        for (const auto& mistake : mistakes)
            err << "pgsidecar: " << mistake.source << ": " << mistake.sentence << '\n';
        result.exit_code = usage ? kExitUsage : kExitConfig;
        return result;
    }
    const config::Settings settings =
        mistakes.empty() ? result.loaded.settings : config::Settings();
    const std::string folder =
        asked.dir.empty() ? audit::spool_folder(settings, input.environment) : asked.dir;
    if (folder.empty())
        return refuse(std::move(result), kExitConfig, err,
                      "outage.spool_dir is off: there is no spool. Name a folder with --dir.");
    result.exit_code = carry_out(Job{asked, settings, folder, out, err});
    return result;
}

}  // namespace pgsidecar::app
