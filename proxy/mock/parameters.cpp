#include "proxy/mock/parameters.hpp"

#include <algorithm>
#include <cstddef>

#include "proxy/mock/expression.hpp"
#include "proxy/mock/text.hpp"
#include "proxy/mock/value.hpp"

namespace pgsidecar::proxy::mock {

namespace {
/// Bind counts parameters in 16 bits.
constexpr std::int64_t kMaxParameters = 65'535;
}  // namespace

std::vector<Oid> parameter_types_of(std::string_view statement, std::vector<Oid> given,
                                    sql::Backslash backslash) {
    using sql::TokenKind;
    Tokens tokens(statement, backslash);
    sql::Token before{}, previous{};
    while (!tokens.at_end()) {
        const sql::Token token = tokens.next();
        if (token.kind == TokenKind::Param) {
            auto number = integer_of(token.text().substr(1));
            if (number && *number >= 1 && *number <= kMaxParameters) {
                auto index = static_cast<std::size_t>(*number) - 1;
                given.resize(std::max(given.size(), index + 1));
                Tokens ahead = tokens;
                bool cast_call = previous.kind == TokenKind::Open && is_word(before, "cast");
                bool cast = ahead.skip(TokenKind::Cast) || (cast_call && ahead.skip("as"));
                bool count = is_word(previous, "limit") || is_word(previous, "offset");
                if (given[index] == 0 && cast) given[index] = take_type(ahead);
                if (given[index] == 0 && count) given[index] = oid::kInt8;
            }
        }
        before = previous;
        previous = token;
    }
    std::replace(given.begin(), given.end(), Oid{0}, oid::kText);
    std::replace(given.begin(), given.end(), oid::kUnknown, oid::kText);
    return given;
}

}  // namespace pgsidecar::proxy::mock
