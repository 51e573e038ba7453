#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.hpp"
#include "proxy/mock/gucs.hpp"
#include "proxy/mock/relations.hpp"
#include "proxy/mock/result.hpp"
#include "sql/backslash.hpp"

namespace pgsidecar::proxy::mock {

/// What an expression may ask about its surroundings.
struct Scene {
    std::string_view user, database;
    std::int32_t pid = 0;
    std::int64_t wall_us = 0;
    Gucs& gucs;
    base::Entropy& entropy;
    std::map<std::string, std::int64_t, std::less<>>& sequences;
    /// Bytes of values that may still be copied; out of it everything is NULL and overdrawn is set.
    struct Budget {
        std::size_t bytes = 0;
        bool overdrawn = false;
    };
    Budget& budget;
    std::span<const Oid> parameter_types{};
    const std::vector<Value>* parameters = nullptr;  ///< null while a statement is described
    /// The row that is being returned, by column; null where there is none.
    const std::map<std::string, Value, std::less<>>* row = nullptr;
    /// The statement's tables, as far as they are known.
    const Relations* relations = nullptr;

    /// A copy, as far as there is budget for it.
    Value copy(const Value& value) {
        if (value.size() > budget.bytes) {
            budget.overdrawn = true;
            return {value.type, {}, {}};
        }
        budget.bytes -= value.size();
        return value;
    }
    bool describing() const { return parameters == nullptr; }
    sql::Backslash backslash() const {
        return gucs.escapes_backslash() ? sql::Backslash::Escapes : sql::Backslash::Plain;
    }
};

/// One entry of a select list, worked out as far as that is possible without a database.
struct Item {
    Column column{"?column?", oid::kText};
    Value value{};           ///< NULL where it is not known
    bool aggregate = false;  ///< makes one row out of none, as count(*) does
    bool many_rows = false;  ///< a function that returns a set
    bool star = false;       ///< "*" or "alias.*"
    std::string star_of{};   ///< the alias
    int name_strength = 0;   ///< how sure its name is, as PostgreSQL's FigureColname counts
};

/// Never fails: what it does not understand is NULL.
Item evaluate(std::string_view expression, Scene& scene);
/// An entry with its "AS name".
Item evaluate_item(std::string_view entry, Scene& scene);

class Tokens;
/// Takes a type's name and what belongs to it from the front; text for an unknown one.
Oid take_type(Tokens& tokens);

/// A function of that name in lower case without its schema; arguments in text form.
Item call_function(const std::string& name, std::vector<Value> arguments, Scene& scene);

}  // namespace pgsidecar::proxy::mock
