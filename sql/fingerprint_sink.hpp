#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "sql/lexer.hpp"

namespace pgsidecar::sql {

/// Up to eight bytes at p as one word, ASCII letters lower-cased. limit bounds what may be read.
inline std::uint64_t load_lower(const char* p, std::size_t size, const char* limit) {
    std::uint64_t word = 0;
    if (limit - p >= 8) {
        std::memcpy(&word, p, 8);
        if (size < 8) word &= (std::uint64_t{1} << (8 * size)) - 1;
    } else {
        for (std::size_t i = 0; i < size; ++i) {
            word |= static_cast<std::uint64_t>(static_cast<unsigned char>(p[i])) << (8 * i);
        }
    }
    constexpr std::uint64_t kOnes = 0x0101010101010101;
    const std::uint64_t low = word & (kOnes * 0x7f);
    const std::uint64_t at_least_a = low + kOnes * (0x80 - 'A');
    const std::uint64_t above_z = low + kOnes * (0x80 - 'Z' - 1);
    return word | (((at_least_a ^ above_z) & ~word & (kOnes * 0x80)) >> 2);
}

/// Two hashes of one token stream: `value` is the fingerprint and the same in every run; `check` is
/// seeded by the caller, so that nobody can make two statements share both.
struct Fingerprint {
    std::uint64_t value = 0;
    std::uint64_t check = 0;

    bool operator==(const Fingerprint&) const = default;
};

/// Hashes what the normaliser lets through, token by token.
class FingerprintSink {
public:
    struct Mark {
        Fingerprint state;
    };

    FingerprintSink(std::uint64_t seed, const char* limit) : limit_(limit), seed_(seed) { reset(); }

    void reset() { state_ = {kStart, seed_}; }
    Fingerprint result() const { return {mix(state_.value ^ kStart, kFinish), state_.check}; }

    void word(const Token& token, std::uint64_t first) {
        step(first ^ (token.size() << 56), 1);
        tail(token.begin, token.size(), 8);
    }
    void verbatim(const Token& token) {
        const std::size_t size = token.size();
        std::uint64_t first = 0;
        std::memcpy(&first, token.begin, size < 8 ? size : 8);
        step(first ^ (size << 56), 2);
        for (std::size_t i = 8; i < size; i += 8) {
            std::uint64_t chunk = 0;
            std::memcpy(&chunk, token.begin + i, size - i < 8 ? size - i : 8);
            step(chunk, 8);
        }
    }
    void punctuation(TokenKind kind) { step(static_cast<std::uint64_t>(kind), 3); }
    void literal(const Token&) { step(0, 4); }
    void list(TokenKind open) { step(static_cast<std::uint64_t>(open), 5); }

    Mark mark() const { return {state_}; }
    void rewind(const Mark& mark) { state_ = mark.state; }

    /// What follows until end_row() is hashed on its own, whatever stood before it.
    void begin_row() {
        outer_ = state_;
        reset();
    }
    Fingerprint end_row() {
        const Fingerprint row = state_;
        state_ = outer_;
        step(row.value, 6);
        state_.check = mix(state_.check ^ row.check, kRight);
        return row;
    }

private:
    static constexpr std::uint64_t kStart = 0x9e3779b97f4a7c15;
    static constexpr std::uint64_t kLeft = 0xa0761d6478bd642f;
    static constexpr std::uint64_t kRight = 0xe7037ed1a0b428db;
    static constexpr std::uint64_t kTag = 0x8ebc6af09c88c6e3;
    static constexpr std::uint64_t kFinish = 0x589965cc75374cc3;

    static std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
        __extension__ using Wide = unsigned __int128;
        const Wide product = static_cast<Wide>(a) * b;
        return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
    }
    /// The tags tell kinds of token apart, and a token's first eight bytes from its rest.
    void step(std::uint64_t chunk, std::uint64_t tag) {
        const std::uint64_t input = chunk ^ (tag * kTag);
        state_.value = mix(state_.value ^ input, kLeft);
        state_.check = mix(state_.check ^ input, kRight);
    }
    void tail(const char* p, std::size_t size, std::size_t from) {
        for (; from < size; from += 8) {
            const std::size_t left = size - from;
            step(load_lower(p + from, left < 8 ? left : 8, limit_), 7);
        }
    }

    Fingerprint state_, outer_;
    const char* limit_;
    std::uint64_t seed_;
};

}  // namespace pgsidecar::sql
