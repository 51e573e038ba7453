#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/mock/result.hpp"

namespace pgsidecar::proxy::mock {

/// A statement that Parse or PREPARE made.
struct Prepared {
    std::string text;
    std::vector<Oid> parameter_types;
};
using PreparedPtr = std::shared_ptr<const Prepared>;

/// A statement on its way, made by Bind or DECLARE.
struct Portal {
    PreparedPtr statement;
    std::vector<Value> parameters;
    std::vector<Format> formats;  ///< none: text; one: for all columns
    std::optional<Result> result;
    std::size_t next_row = 0;
    bool ended = false;  ///< its CommandComplete has gone out
    bool holds = false;  ///< outlives its transaction

    Format format(std::size_t column) const {
        if (formats.size() == 1) return formats[0];
        return column < formats.size() ? formats[column] : Format::Text;
    }
    /// Memory that it keeps.
    std::size_t bytes() const {
        std::size_t sum = statement->text.size();
        for (const Value& value : parameters) sum += value.size() + sizeof(Value);
        if (!result) return sum;
        for (const auto& row : result->rows)
            for (const Value& value : row) sum += value.size() + sizeof(Value);
        return sum;
    }
};

/// What a connection keeps by name. SQL and the protocol share both kinds of names, as in
/// PostgreSQL.
class Kept {
public:
    static constexpr std::size_t kMaxEntries = 10'000;
    static constexpr std::size_t kMaxBytes = std::size_t{32} << 20;

    std::map<std::string, PreparedPtr, std::less<>> statements;
    std::map<std::string, Portal, std::less<>> portals;

    /// False: something must be closed first.
    bool has_room(std::size_t bytes) const {
        if (statements.size() + portals.size() >= kMaxEntries) return false;
        std::size_t sum = bytes;
        for (const auto& [name, statement] : statements) sum += statement->text.size();
        for (const auto& [name, portal] : portals) sum += portal.bytes();
        return sum <= kMaxBytes;
    }
    void transaction_over() {
        std::erase_if(portals, [](const auto& entry) { return !entry.second.holds; });
    }
};

}  // namespace pgsidecar::proxy::mock
