#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "model/statement_shape.hpp"
#include "sql/backslash.hpp"

namespace pgsidecar::sql {

/// Turns statement texts into shapes: one pass of a lexer gives the literal-free fingerprint, a
/// bounded cache maps it to what libpg_query said of it once.
///
/// Thread: its owner's (one per worker). Shapes it returned may be used and released on any thread.
class Classifier {
public:
    struct Options {
        std::size_t cache_entries = 10'000;
        std::size_t text_bytes = 4'096;  ///< literal-free text is cut here (at a UTF-8 boundary)
        std::size_t cache_bytes = 16u << 20;  ///< shapes in the cache together
    };
    struct Stats {
        std::uint64_t hits = 0, misses = 0, parse_failures = 0;
        std::uint64_t too_complex =
            0;  ///< of parse_failures: too long or too deep to be given to libpg_query
    };

    explicit Classifier(Options options);
    ~Classifier();
    Classifier(const Classifier&) = delete;
    Classifier& operator=(const Classifier&) = delete;

    /// One shape per statement of a Query or Parse text, in order; empty for an empty query ("" or
    /// only ; and comments). The span is valid until the next call. A repeated text costs the lexer
    /// pass and one lookup, and no allocation. Pass Backslash::Escapes when the server reported
    /// standard_conforming_strings = off: without it a literal's end would be found in the wrong
    /// place.
    std::span<const model::StatementShapePtr> classify(std::string_view text,
                                                       Backslash backslash = Backslash::Plain);

    /// Where the statements of the last classify() stand and how many rows of VALUES they have, one
    /// for each shape. Valid until the next call.
    struct Place {
        /// In the text, without the semicolon and without comments before and after.
        std::size_t begin = 0, end = 0;
        /// Rows of a VALUES outside of parentheses, 1 for DEFAULT VALUES. An INSERT whose
        /// shape is queueable has at least one, and its answer counts so many.
        std::uint32_t value_rows = 0;
    };
    std::span<const Place> places() const;

    const Stats& stats() const;
    std::size_t cached_entries() const;
    std::size_t cached_bytes() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace pgsidecar::sql
