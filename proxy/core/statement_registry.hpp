#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "base/intrusive_ptr.hpp"
#include "model/statement_shape.hpp"

namespace pgsidecar::proxy {

class PreparedStatement final : public base::RefCounted {
public:
    std::string text;
    std::vector<std::uint32_t> types;
    model::StatementShapePtr shape;
    mutable std::vector<std::uint32_t> learned_types;
};
using PreparedStatementPtr = base::IntrusivePtr<const PreparedStatement>;

class PreparedStatements {
public:
    template <class F>
    PreparedStatementPtr intern(std::string_view text, base::Bytes types, F shape) {
        auto made = new PreparedStatement;
        made->text = text;
        for (std::size_t i = 0; i + 4 <= types.size(); i += 4)
            made->types.push_back(base::load_be32(types.data() + i));
        made->shape = shape();
        return PreparedStatementPtr(made);
    }
};

class ClientStatements {
public:
    static constexpr std::size_t kMax = 10'000;
    void parsed(std::string_view name, PreparedStatementPtr statement) {
        set(statements_, name, std::move(statement));
    }
    void bound(std::string_view portal, std::string_view statement) {
        set(portals_, portal, find(statements_, statement));
    }
    PreparedStatementPtr statement(std::string_view name) const { return find(statements_, name); }
    PreparedStatementPtr portal(std::string_view name) const { return find(portals_, name); }
    void closed(char kind, std::string_view name) {
        (kind == 'S' ? statements_ : portals_).erase(std::string(name));
    }
    void transaction_over() { portals_.clear(); }

private:
    using Map = std::unordered_map<std::string, PreparedStatementPtr>;
    static void set(Map& map, std::string_view name, PreparedStatementPtr s) {
        map[std::string(name)] = std::move(s);
    }
    static PreparedStatementPtr find(const Map& map, std::string_view name) {
        auto it = map.find(std::string(name));
        return it == map.end() ? PreparedStatementPtr() : it->second;
    }
    Map statements_, portals_;
};

}  // namespace pgsidecar::proxy
