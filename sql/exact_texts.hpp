#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include "model/statement_shape.hpp"
#include "sql/classifier.hpp"

namespace pgsidecar::sql {

/// Short single-statement texts that came twice, byte for byte: BEGIN, a driver's ping, prepared
/// statements. A look-up costs a sixth of the lexer's pass. Direct-mapped, fixed memory; keeps the
/// literals of those texts, for itself only.
class ExactTexts {
public:
    static constexpr std::size_t kMaxText = 256;

    struct Key {
        std::size_t slot = 0;
        std::uint64_t hash = 0;
    };
    /// What is known of a text's only statement.
    struct Known {
        model::StatementShapePtr shape;
        Classifier::Place place;
    };

    ExactTexts() : slots_(kSlots) {}

    static Key key_of(std::string_view text) {
        std::uint64_t hash = text.size() * kMultiplier;
        std::size_t i = 0;
        for (; i + 8 <= text.size(); i += 8) hash = mix(hash ^ load(text.data() + i, 8));
        if (i < text.size()) {
            // The last eight bytes, some of them again, are cheaper than a loop over the rest.
            hash = mix(hash ^ (text.size() >= 8 ? load(text.data() + text.size() - 8, 8)
                                                : load(text.data(), text.size())));
        }
        return {static_cast<std::size_t>(hash >> 32) % kSlots, hash};
    }

    /// Null when the text is not here. Valid until the next saw().
    const Known* find(std::string_view text, Key key) const {
        const Slot& slot = slots_[key.slot];
        const bool same =
            slot.size == text.size() && std::memcmp(slot.text.data(), text.data(), slot.size) == 0;
        return same && slot.known.shape ? &slot.known : nullptr;
    }

    /// The first time only the hash is kept, so that texts that never repeat push none out.
    void saw(std::string_view text, Key key, const model::StatementShapePtr& shape,
             const Classifier::Place& place) {
        Slot& slot = slots_[key.slot];
        if (slot.candidate != key.hash) {
            slot.candidate = key.hash;
            return;
        }
        std::memcpy(slot.text.data(), text.data(), text.size());
        slot.size = static_cast<std::uint32_t>(text.size());
        slot.known = {shape, place};
    }

private:
    static constexpr std::size_t kSlots = 256;
    static constexpr std::uint64_t kMultiplier = 0x9e3779b97f4a7c15;

    struct Slot {
        Known known;
        std::uint64_t candidate = 0;
        std::uint32_t size = 0;
        std::array<char, kMaxText> text;
    };

    static std::uint64_t load(const char* p, std::size_t size) {
        std::uint64_t word = 0;
        std::memcpy(&word, p, size);
        return word;
    }
    static std::uint64_t mix(std::uint64_t value) {
        __extension__ using Wide = unsigned __int128;
        const Wide product = static_cast<Wide>(value) * kMultiplier;
        return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
    }

    std::vector<Slot> slots_;
};

}  // namespace pgsidecar::sql
