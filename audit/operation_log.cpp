#include "audit/operation_log.hpp"

#include <algorithm>
#include <atomic>
#include <utility>
#include <vector>

#include "audit/operation_log_body.hpp"

namespace pgsidecar::audit {
namespace {

using model::StatementKind;

/// One row of the spool; bounds what a flush transaction holds at once.
constexpr std::size_t kRecordsPerBody = 4'096;

bool same_word(std::string_view text, std::string_view word) {
    return std::ranges::equal(text, word, [](char a, char b) { return (a | 0x20) == b; });
}

/// COPY t (...) FROM, as opposed to COPY t TO or COPY (query) TO: the first such word that is not
/// in parentheses.
bool copies_in(std::string_view text) {
    int depth = 0;
    std::size_t begin = 0;
    for (std::size_t i = 0; i <= text.size(); ++i) {
        const char c = i < text.size() ? text[i] : ' ';
        if (c != ' ' && c != '\n' && c != '\t' && c != '(' && c != ')') continue;
        const std::string_view word = text.substr(begin, i - begin);
        begin = i + 1;
        if (depth == 0 && same_word(word, "from")) return true;
        if (depth == 0 && same_word(word, "to")) return false;
        if (c == '(') ++depth;
        if (c == ')') --depth;
    }
    return true;
}

bool writes(const model::OperationRecord& record) {
    if (!record.shape) return true;
    switch (record.shape->kind) {
        case StatementKind::Insert:
        case StatementKind::Update:
        case StatementKind::Delete:
        case StatementKind::Merge:
        case StatementKind::Ddl:
        case StatementKind::Call:
        case StatementKind::Unknown: return true;
        case StatementKind::Copy: return copies_in(record.shape->text);
        case StatementKind::Prepare: return record.affected_rows >= 0 && record.rows_returned == 0;
        case StatementKind::Select:
        case StatementKind::Transaction:
        case StatementKind::Set:
        case StatementKind::Listen:
        case StatementKind::Cursor:
        case StatementKind::Explain:
        case StatementKind::Other: return false;
    }
    return true;
}

/// Tells one caller when several bodies are on disk.
struct Gathered {
    std::atomic<std::size_t> left;
    std::atomic<bool> stored{true};
    std::function<void(bool)> on_disk;
};

}  // namespace

OperationLog::OperationLog(config::AuditLevel level, Append append,
                           std::shared_ptr<metrics::ProcessCounters> counters)
    : level_(level), append_(std::move(append)), counters_(std::move(counters)) {}

bool OperationLog::is_logged(const model::OperationRecord& record, config::AuditLevel level) {
    switch (level) {
        case config::AuditLevel::Off: return false;
        case config::AuditLevel::Writes: return writes(record);
        case config::AuditLevel::All: return true;
    }
    return false;
}

void OperationLog::add(std::span<const model::OperationRecord> records,
                       std::function<void(bool)> on_disk) {
    std::vector<const model::OperationRecord*> chosen;
    chosen.reserve(records.size());
    for (const auto& record : records) {
        if (is_logged(record, level_)) chosen.push_back(&record);
    }
    if (chosen.empty()) {
        if (on_disk) on_disk(true);
        return;
    }
    auto gathered = std::make_shared<Gathered>();
    gathered->left = (chosen.size() + kRecordsPerBody - 1) / kRecordsPerBody;
    gathered->on_disk = std::move(on_disk);
    for (std::size_t at = 0; at < chosen.size(); at += kRecordsPerBody) {
        const auto part =
            std::span(chosen).subspan(at, std::min(kRecordsPerBody, chosen.size() - at));
        const auto count = static_cast<std::uint32_t>(part.size());
        append_(encode_operations(part), count, [gathered, count, counters = counters_](bool ok) {
            (ok ? counters->log_records_stored : counters->log_records_refused).add(count);
            if (!ok) gathered->stored = false;
            if (--gathered->left == 0 && gathered->on_disk) gathered->on_disk(gathered->stored);
        });
    }
}

}  // namespace pgsidecar::audit
