#include "proxy/mock/statement_check.hpp"

#include <string>

#include "protocol/messages/sqlstate.hpp"
#include "proxy/mock/text.hpp"

namespace pgsidecar::proxy::mock {
namespace {

constexpr std::size_t kMaxRefused = 4'096;
constexpr std::size_t kQuotedWordBytes = 64;

sql::Classifier::Options options() {
    sql::Classifier::Options options;
    options.cache_entries = 1'000;
    options.cache_bytes = std::size_t{1} << 20;
    options.text_bytes = 16;
    return options;
}

/// 'unterminated' and whatever else never ends.
bool never_ends(std::string_view statement, sql::Backslash backslash) {
    Tokens tokens(statement, backslash);
    while (!tokens.at_end())
        if (!is_closed(tokens.next(), backslash)) return true;
    return false;
}

}  // namespace

StatementCheck::StatementCheck() : classifier_(std::make_unique<sql::Classifier>(options())) {}

bool StatementCheck::refused(std::string_view statement, sql::Backslash backslash) {
    if (refused_.size() >= kMaxRefused) {
        classifier_ = std::make_unique<sql::Classifier>(options());
        refused_.clear();
    }
    const auto before = classifier_->stats();
    auto shapes = classifier_->classify(statement, backslash);
    if (shapes.empty()) return false;
    const std::uint64_t fingerprint = shapes[0]->fingerprint;
    const auto& after = classifier_->stats();
    if (after.misses == before.misses) return refused_.contains(fingerprint);
    bool failed =
        after.parse_failures > before.parse_failures && after.too_complex == before.too_complex;
    if (failed) refused_.insert(fingerprint);
    return failed;
}

std::optional<LocalError> StatementCheck::refusal(std::string_view statement,
                                                  sql::Backslash backslash) {
    LocalError error;
    error.sqlstate = protocol::sqlstate::kSyntaxError;
    if (never_ends(statement, backslash)) {
        error.message = "unterminated quoted string";
        return error;
    }
    if (!refused(statement, backslash)) return std::nullopt;
    Tokens tokens(statement, backslash);
    error.message = "syntax error in the statement that begins with \"" +
                    std::string(tokens.peek().text().substr(0, kQuotedWordBytes)) + "\"";
    error.hint = "Mode mock reads SQL with PostgreSQL 15's grammar.";
    return error;
}

}  // namespace pgsidecar::proxy::mock
