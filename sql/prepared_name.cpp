#include "sql/prepared_name.hpp"

#include <utility>

#include "sql/token_reader.hpp"

namespace pgsidecar::sql {

std::vector<PreparedName> prepared_names(std::string_view text, Backslash backslash) {
    std::vector<PreparedName> names;
    TokenReader reader(text, backslash);
    while (!reader.at_end()) {
        const bool deallocates = reader.at_word("deallocate");
        const bool executes = reader.at_word("execute") || reader.at_word("prepare");
        reader.advance();
        if (!deallocates && !executes) continue;
        if (deallocates && reader.at_word("prepare") && reader.after().at_name()) reader.advance();
        if (!reader.at_name() || (deallocates && reader.at_word("all"))) continue;
        if (auto name = identifier(reader.token()))
            names.push_back({std::move(*name), deallocates});
    }
    return names;
}

}  // namespace pgsidecar::sql
