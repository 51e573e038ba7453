#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/assert.hpp"
#include "sql/classifier.hpp"
#include "sql/guc_changes.hpp"
#include "sql/insert_parameters.hpp"
#include "sql/lexer.hpp"
#include "tests/fuzz/fuzz_target.hpp"

namespace {

using namespace pgsidecar;

constexpr std::size_t kTextBytes = 512;

/// A literal-free text, cut into tokens again, has no literal. Bytes that were replaced may have
/// parted a word, so only ASCII is held to it.
void check_no_literal(std::string_view text, sql::Backslash backslash) {
    sql::Lexer lexer(text, backslash);
    for (sql::Token token = lexer.next(); token.kind != sql::TokenKind::End; token = lexer.next()) {
        PGS_CHECK(token.kind != sql::TokenKind::UnicodeString &&
                  token.kind != sql::TokenKind::BitString);
        PGS_CHECK(token.kind != sql::TokenKind::Integer && token.kind != sql::TokenKind::Decimal);
        // A cut may have gone through a quoted name.
        PGS_CHECK(token.kind != sql::TokenKind::String ||
                  (text.size() >= kTextBytes && *token.begin == '"') ||
                  (text.size() >= kTextBytes && token.text().substr(0, 3) == "U&\""));
    }
}

void check_shape(const model::StatementShape& shape, bool plain_ascii, sql::Backslash backslash) {
    PGS_CHECK(shape.text.size() <= kTextBytes && !shape.text.empty());
    PGS_CHECK(shape.text.find('\0') == std::string::npos);
    PGS_CHECK(shape.tables.size() <= 32);
    PGS_CHECK(shape.table.empty() ||
              std::find(shape.tables.begin(), shape.tables.end(), shape.table) !=
                  shape.tables.end() ||
              shape.tables.size() == 32);
    if (plain_ascii) check_no_literal(shape.text, backslash);
    // Nothing is promised of what was not understood.
    const bool promises = shape.read_only || shape.queueable == model::Queueable::Yes;
    PGS_CHECK(!promises || shape.queueable != model::Queueable::NotUnderstood);
    PGS_CHECK(!shape.read_only ||
              (shape.effects & (model::session_effect::kUnknown | model::session_effect::kSetsGuc |
                                model::session_effect::kAdvisoryLock)) == 0);
    PGS_CHECK(shape.queueable == model::Queueable::NotInsert ||
              shape.queueable == model::Queueable::NotUnderstood ||
              shape.kind == model::StatementKind::Insert);
    PGS_CHECK((shape.verb != model::TransactionVerb::None) ==
              (shape.kind == model::StatementKind::Transaction));
}

/// Each place holds one statement, which is the same when it stands alone.
void check_places(sql::Classifier& classifier, std::string_view text,
                  const std::vector<model::StatementShapePtr>& shapes, sql::Backslash backslash) {
    const std::vector<sql::Classifier::Place> places(classifier.places().begin(),
                                                     classifier.places().end());
    PGS_CHECK(places.size() == shapes.size());
    std::size_t at = 0;
    for (std::size_t i = 0; i < places.size(); ++i) {
        PGS_CHECK(at <= places[i].begin && places[i].begin < places[i].end &&
                  places[i].end <= text.size());
        at = places[i].end;
        PGS_CHECK(shapes[i]->queueable != model::Queueable::Yes || places[i].value_rows > 0);
        const auto piece = text.substr(places[i].begin, at - places[i].begin);
        const auto alone = classifier.classify(piece, backslash);
        PGS_CHECK(alone.size() == 1 && alone[0]->fingerprint == shapes[i]->fingerprint);
        PGS_CHECK(classifier.places()[0].value_rows == places[i].value_rows);
        PGS_CHECK(classifier.places()[0].begin == 0 && classifier.places()[0].end == piece.size());

        const bool sets = (shapes[i]->effects & model::session_effect::kSetsGuc) != 0;
        const auto changes = sql::guc_changes(piece, backslash);
        PGS_CHECK(!sets || !changes.empty());
        const auto insert = sql::insert_parameters(piece, backslash);
        PGS_CHECK(insert.parameters.size() <= 65'535);
        PGS_CHECK(insert.understood || insert.table.empty());
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static sql::Classifier shared(
        {.cache_entries = 64, .text_bytes = kTextBytes, .cache_bytes = 1 << 20});
    if (size == 0) return 0;
    const auto backslash = (data[0] & 1) != 0 ? sql::Backslash::Escapes : sql::Backslash::Plain;
    // In its own allocation, so that a sanitizer sees a read past its end.
    const std::vector<char> bytes(data + 1, data + size);
    const std::string_view text(bytes.data(), bytes.size());
    const bool plain_ascii = std::all_of(bytes.begin(), bytes.end(), [](char c) { return c > 0; });

    std::vector<model::StatementShapePtr> first;
    for (const auto& shape : shared.classify(text, backslash)) {
        PGS_CHECK(bool(shape));
        check_shape(*shape, plain_ascii, backslash);
        first.push_back(shape);
    }
    check_places(shared, text, first, backslash);
    sql::Classifier fresh({.cache_entries = 8, .text_bytes = kTextBytes});
    for (int round = 0; round < 3; ++round) {
        const auto again = fresh.classify(text, backslash);
        PGS_CHECK(again.size() == first.size());
        for (std::size_t i = 0; i < first.size(); ++i) {
            PGS_CHECK(again[i]->fingerprint == first[i]->fingerprint);
            PGS_CHECK(again[i]->text == first[i]->text);
        }
    }
    PGS_CHECK(shared.cached_bytes() <= (1U << 20));
    return 0;
}
