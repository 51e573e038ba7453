#include "sql/classifier.hpp"

#include <utility>

#include "base/random.hpp"
#include "sql/analysis.hpp"
#include "sql/exact_texts.hpp"
#include "sql/fingerprint_sink.hpp"
#include "sql/lexer.hpp"
#include "sql/normaliser.hpp"
#include "sql/shape_cache.hpp"
#include "sql/text_sink.hpp"

namespace pgsidecar::sql {

namespace {

using model::StatementShapePtr;

std::uint64_t random_seed() {
    std::uint64_t seed = 0;
    base::SystemEntropy().fill(std::as_writable_bytes(std::span(&seed, 1)));
    return seed;
}

std::string_view between(const char* begin, const char* end) {
    return {begin, static_cast<std::size_t>(end - begin)};
}

/// Runs the normaliser over one statement's own text.
void render(std::string_view statement, Backslash backslash, TextSink& sink) {
    Lexer lexer(statement, backslash);
    Normaliser<TextSink>(lexer, sink).run();
}

}  // namespace

struct Classifier::Impl {
    explicit Impl(Options o)
        : options(o), seed(random_seed()), cache(o.cache_entries, o.cache_bytes) {}

    std::span<const StatementShapePtr> classify(std::string_view text, Backslash backslash);
    const StatementShapePtr* lookup(std::string_view statement, Backslash backslash,
                                    const Fingerprint& fingerprint);
    StatementShapePtr make_shape(std::string_view statement, Backslash backslash,
                                 std::uint64_t fingerprint);
    Analysis analyse(std::string_view statement, Backslash backslash);

    /// A text of very many statements must not hold its memory for ever.
    static constexpr std::size_t kKeptResults = 1'024;

    Options options;
    Stats stats;
    std::uint64_t seed;
    ShapeCache cache;
    ExactTexts exact;
    std::vector<StatementShapePtr> results;
};

std::span<const StatementShapePtr> Classifier::Impl::classify(std::string_view text,
                                                              Backslash backslash) {
    const bool exactly =
        !text.empty() && text.size() <= ExactTexts::kMaxText && backslash == Backslash::Plain;
    const ExactTexts::Place place = exactly ? ExactTexts::place_of(text) : ExactTexts::Place{};
    if (exactly) {
        if (const auto* shape = exact.find(text, place)) {
            ++stats.hits;
            return {shape, 1};
        }
    }
    results.clear();
    if (results.capacity() > kKeptResults) results = {};

    Lexer lexer(text, backslash);
    FingerprintSink sink(seed, text.data() + text.size());
    const StatementShapePtr* only = nullptr;
    for (bool last = false; !last;) {
        sink.reset();
        const auto statement = Normaliser<FingerprintSink>(lexer, sink).run();
        last = statement.last;
        if (statement.begin == nullptr) continue;
        // An insert may drop what an earlier look-up found.
        if (only != nullptr && results.empty()) results.push_back(*only);
        only = lookup(between(statement.begin, statement.end), backslash, sink.result());
        if (!results.empty()) results.push_back(*only);
    }
    if (!results.empty()) return results;
    if (only == nullptr) return {};
    if (exactly) exact.saw(text, place, *only);
    return {only, 1};
}

const StatementShapePtr* Classifier::Impl::lookup(std::string_view statement, Backslash backslash,
                                                  const Fingerprint& fingerprint) {
    if (const auto* shape = cache.find(fingerprint)) {
        ++stats.hits;
        return shape;
    }
    ++stats.misses;
    return cache.insert(fingerprint, make_shape(statement, backslash, fingerprint.value));
}

StatementShapePtr Classifier::Impl::make_shape(std::string_view statement, Backslash backslash,
                                               std::uint64_t fingerprint) {
    TextSink display(TextSink::Style::Display, options.text_bytes,
                     statement.data() + statement.size());
    render(statement, backslash, display);
    Analysis analysis = analyse(statement, backslash);
    auto* shape = new model::StatementShape;
    StatementShapePtr owner(shape);
    shape->fingerprint = fingerprint;
    shape->kind = analysis.kind;
    shape->text = display.take_display();
    shape->table = std::move(analysis.table);
    shape->tables = std::move(analysis.tables);
    return owner;
}

Analysis Classifier::Impl::analyse(std::string_view statement, Backslash backslash) {
    TextSink skeleton(TextSink::Style::Skeleton, kMaxParsedBytes,
                      statement.data() + statement.size());
    render(statement, backslash, skeleton);
    const std::string& text = skeleton.text();
    const bool fits = !skeleton.cut() && nesting_depth(text) <= kMaxParsedDepth;
    if (fits && text.find('\0') == std::string::npos) {
        Analysis analysis;
        if (analyse_tree(text, analysis)) return analysis;
    }
    ++stats.parse_failures;
    if (!fits) ++stats.too_complex;
    return analyse_keywords(text);
}

Classifier::Classifier(Options options) : impl_(std::make_unique<Impl>(options)) {}
Classifier::~Classifier() = default;

std::span<const StatementShapePtr> Classifier::classify(std::string_view text,
                                                        Backslash backslash) {
    return impl_->classify(text, backslash);
}

const Classifier::Stats& Classifier::stats() const { return impl_->stats; }
std::size_t Classifier::cached_entries() const { return impl_->cache.entries(); }
std::size_t Classifier::cached_bytes() const { return impl_->cache.bytes(); }

}  // namespace pgsidecar::sql
