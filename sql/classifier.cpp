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
                                    const Fingerprint& fingerprint, std::uint32_t value_rows);
    StatementShapePtr make_shape(std::string_view statement, Backslash backslash,
                                 std::uint64_t fingerprint, std::uint32_t value_rows);
    Analysis analyse(std::string_view statement, Backslash backslash);

    /// A text of very many statements must not hold its memory for ever.
    static constexpr std::size_t kKeptResults = 1'024;

    Options options;
    Stats stats;
    std::uint64_t seed;
    ShapeCache cache;
    ExactTexts exact;
    std::vector<StatementShapePtr> results;
    std::vector<Place> places;
    std::span<const Place> last_places;
};

std::span<const StatementShapePtr> Classifier::Impl::classify(std::string_view text,
                                                              Backslash backslash) {
    const bool exactly =
        !text.empty() && text.size() <= ExactTexts::kMaxText && backslash == Backslash::Plain;
    const ExactTexts::Key key = exactly ? ExactTexts::key_of(text) : ExactTexts::Key{};
    if (exactly) {
        if (const auto* known = exact.find(text, key)) {
            ++stats.hits;
            last_places = {&known->place, 1};
            return {&known->shape, 1};
        }
    }
    results.clear();
    places.clear();
    if (results.capacity() > kKeptResults) results = {};
    if (places.capacity() > kKeptResults) places = {};

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
        only = lookup(between(statement.begin, statement.end), backslash, sink.result(),
                      statement.value_rows);
        if (!results.empty()) results.push_back(*only);
        places.push_back({static_cast<std::size_t>(statement.begin - text.data()),
                          static_cast<std::size_t>(statement.end - text.data()),
                          statement.value_rows});
    }
    last_places = places;
    if (!results.empty()) return results;
    if (only == nullptr) return {};
    if (exactly) exact.saw(text, key, *only, places.front());
    return {only, 1};
}

const StatementShapePtr* Classifier::Impl::lookup(std::string_view statement, Backslash backslash,
                                                  const Fingerprint& fingerprint,
                                                  std::uint32_t value_rows) {
    if (const auto* shape = cache.find(fingerprint)) {
        ++stats.hits;
        return shape;
    }
    ++stats.misses;
    return cache.insert(fingerprint,
                        make_shape(statement, backslash, fingerprint.value, value_rows));
}

StatementShapePtr Classifier::Impl::make_shape(std::string_view statement, Backslash backslash,
                                               std::uint64_t fingerprint,
                                               std::uint32_t value_rows) {
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
    shape->verb = analysis.verb;
    // VALUES in parentheses parse to the same tree, but their rows are not counted.
    const bool counted = value_rows > 0 || analysis.queueable != model::Queueable::Yes;
    shape->queueable = counted ? analysis.queueable : model::Queueable::FromQuery;
    shape->read_only = analysis.read_only;
    shape->effects = analysis.effects;
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
    return analyse_keywords(text, !skeleton.cut());
}

Classifier::Classifier(Options options) : impl_(std::make_unique<Impl>(options)) {}
Classifier::~Classifier() = default;

std::span<const StatementShapePtr> Classifier::classify(std::string_view text,
                                                        Backslash backslash) {
    return impl_->classify(text, backslash);
}

std::span<const Classifier::Place> Classifier::places() const { return impl_->last_places; }

const Classifier::Stats& Classifier::stats() const { return impl_->stats; }
std::size_t Classifier::cached_entries() const { return impl_->cache.entries(); }
std::size_t Classifier::cached_bytes() const { return impl_->cache.bytes(); }

}  // namespace pgsidecar::sql
