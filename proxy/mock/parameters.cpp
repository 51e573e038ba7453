#include "proxy/mock/parameters.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>

#include "proxy/mock/expression.hpp"
#include "proxy/mock/outline.hpp"
#include "proxy/mock/text.hpp"
#include "proxy/mock/value.hpp"

namespace pgsidecar::proxy::mock {
namespace {

using sql::Token;
using sql::TokenKind;

/// Bind counts parameters in 16 bits.
constexpr std::int64_t kMaxParameters = 65'535;

std::optional<std::size_t> index_of(const Token& token) {
    if (token.kind != TokenKind::Param) return std::nullopt;
    auto number = integer_of(token.text().substr(1));
    if (!number || *number < 1 || *number > kMaxParameters) return std::nullopt;
    return static_cast<std::size_t>(*number) - 1;
}

Oid array_of(Oid element) {
    return type_of(std::string(name_of(element)) + "[]").value_or(oid::kTextArray);
}

/// Goes over a statement once and remembers which column the next parameter has to do with.
class TypeFinder {
public:
    TypeFinder(std::string_view statement, std::vector<Oid>& types, const Relations& relations,
               sql::Backslash backslash)
        : tokens_(statement, backslash), types_(types), relations_(relations) {}

    void run() {
        while (!tokens_.at_end()) {
            const Token token = tokens_.next();
            if (auto index = index_of(token)) {
                types_.resize(std::max(types_.size(), *index + 1));
                if (types_[*index] == 0) types_[*index] = type_here();
            }
            look_at(token);
            before_ = std::exchange(previous_, token);
        }
    }

private:
    Oid type_here() {
        Tokens ahead = tokens_;
        bool cast_call = previous_.kind == TokenKind::Open && is_word(before_, "cast");
        if (ahead.skip(TokenKind::Cast) || (cast_call && ahead.skip("as"))) return take_type(ahead);
        if (is_word(previous_, "limit") || is_word(previous_, "offset")) return oid::kInt8;
        if (in_list_ || any_ || between_) return type_of_list();
        bool compared = previous_.kind == TokenKind::Operator || is_word(previous_, "like") ||
                        is_word(previous_, "ilike");
        if (compared) return type_of_name(before_);
        if (!ahead.at(TokenKind::Operator)) return 0;
        ahead.next();
        while (is_name(ahead.peek())) {
            const Token name = ahead.next();
            if (!ahead.skip(TokenKind::Dot)) return type_of_name(name);
        }
        return 0;
    }

    Oid type_of_list() const {
        Oid type = type_of_name(column_);
        return any_ && type != 0 ? array_of(type) : type;
    }

    Oid type_of_name(const Token& token) const {
        if (!is_name(token)) return 0;
        return relations_.type_of_column(name_in(token)).value_or(0);
    }

    /// "column IN (", "column = ANY (", "column BETWEEN".
    void look_at(const Token& token) {
        if (is_word(token, "in") || is_word(token, "between")) {
            column_ = is_word(previous_, "not") ? before_ : previous_;
            between_ = is_word(token, "between");
            in_list_ = !between_;
        } else if (is_word(token, "any") || is_word(token, "all")) {
            any_ = previous_.kind == TokenKind::Operator;
            column_ = before_;
        } else if (token.kind == TokenKind::Close) {
            in_list_ = any_ = false;
        } else if (between_ && is_word(previous_, "and")) {
            between_ = false;
        }
    }

    Tokens tokens_;
    std::vector<Oid>& types_;
    const Relations& relations_;
    Token before_{}, previous_{}, column_{};
    bool in_list_ = false, any_ = false, between_ = false;
};

/// Parameters that an INSERT stores as they are.
void type_insert(const Outline& outline, const Relations& relations, sql::Backslash backslash,
                 std::vector<Oid>& types) {
    std::vector<Oid> columns;
    for (const std::string& name : target_columns(outline, relations, backslash))
        columns.push_back(relations.type_of_column(name).value_or(0));
    for_each_row(outline.rows, backslash, [&](std::string_view inside) {
        auto entries = split_list(inside, backslash);
        for (std::size_t i = 0; entries && i < std::min(entries->size(), columns.size()); ++i) {
            Tokens entry((*entries)[i], backslash);
            auto index = index_of(entry.next());
            if (!index || !entry.at_end()) continue;
            types.resize(std::max(types.size(), *index + 1));
            if (types[*index] == 0) types[*index] = columns[i];
        }
        return entries.has_value();
    });
}

}  // namespace

std::vector<Oid> parameter_types_of(std::string_view statement, std::vector<Oid> given,
                                    const TableBook& tables, sql::Backslash backslash) {
    const Outline outline = outline_of(statement, backslash);
    const Relations relations(tables, outline.tables);
    if (outline.verb == Outline::Verb::Insert) type_insert(outline, relations, backslash, given);
    TypeFinder(statement, given, relations, backslash).run();
    std::replace(given.begin(), given.end(), Oid{0}, oid::kText);
    std::replace(given.begin(), given.end(), oid::kUnknown, oid::kText);
    return given;
}

}  // namespace pgsidecar::proxy::mock
