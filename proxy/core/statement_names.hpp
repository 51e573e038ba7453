#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "model/statement_shape.hpp"

namespace pgsidecar::proxy {

/// Which shape a session's prepared statements and portals have, so that an Execute can be recorded
/// as what it runs.
///
/// The unnamed ones, which most drivers use, cost no lookup. Bounded: beyond kMax names new ones
/// are not followed and their Executes are recorded without a shape.
class StatementNames {
public:
    static constexpr std::size_t kMax = 10'000;

    void parsed(std::string_view name, model::StatementShapePtr shape) {
        set(statements_, name, std::move(shape));
    }
    void bound(std::string_view portal, std::string_view statement) {
        set(portals_, portal, model::StatementShapePtr(find(statements_, statement)));
    }
    model::StatementShapePtr statement(std::string_view name) const {
        return find(statements_, name);
    }
    model::StatementShapePtr portal(std::string_view name) const { return find(portals_, name); }
    void closed(char kind, std::string_view name) {
        erase(kind == 'S' ? statements_ : portals_, name);
    }
    /// Named portals end with their transaction.
    void transaction_over() {
        if (portals_.named) portals_.named.reset();
    }

private:
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const {
            return std::hash<std::string_view>()(text);
        }
    };
    using Map = std::unordered_map<std::string, model::StatementShapePtr, Hash, std::equal_to<>>;
    struct Names {
        model::StatementShapePtr unnamed;
        std::unique_ptr<Map> named;
    };

    static void set(Names& names, std::string_view name, model::StatementShapePtr shape) {
        if (name.empty()) {
            names.unnamed = std::move(shape);
            return;
        }
        if (!names.named) names.named = std::make_unique<Map>();
        auto it = names.named->find(name);
        if (it != names.named->end()) {
            it->second = std::move(shape);
        } else if (names.named->size() < kMax) {
            names.named->emplace(name, std::move(shape));
        }
    }
    static model::StatementShapePtr find(const Names& names, std::string_view name) {
        if (name.empty()) return names.unnamed;
        if (!names.named) return {};
        auto it = names.named->find(name);
        return it == names.named->end() ? model::StatementShapePtr() : it->second;
    }
    static void erase(Names& names, std::string_view name) {
        if (name.empty()) {
            names.unnamed = {};
        } else if (names.named) {
            if (auto it = names.named->find(name); it != names.named->end()) names.named->erase(it);
        }
    }

    Names statements_, portals_;
};

}  // namespace pgsidecar::proxy
