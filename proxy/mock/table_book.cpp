#include "proxy/mock/table_book.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "proxy/mock/expression.hpp"
#include "proxy/mock/outline.hpp"
#include "proxy/mock/text.hpp"

namespace pgsidecar::proxy::mock {
namespace {

constexpr std::size_t kMaxNameBytes = 63;

/// Entries of a table's list that are no column.
constexpr std::array<std::string_view, 7> kNoColumn = {"constraint", "primary", "unique", "foreign",
                                                       "check",      "exclude", "like"};

std::optional<Column> take_column(Tokens& tokens) {
    bool clause = std::any_of(kNoColumn.begin(), kNoColumn.end(),
                              [&](std::string_view word) { return tokens.at(word); });
    if (clause || !is_name(tokens.peek())) return std::nullopt;
    Column column;
    column.name = name_in(tokens.next()).substr(0, kMaxNameBytes);
    column.type = take_type(tokens);
    return column;
}

void skip_if_exists(Tokens& tokens) {
    if (!tokens.skip("if")) return;
    tokens.skip("not");
    tokens.skip("exists");
}

}  // namespace

/// One statement; the book is locked.
class TableBook::Reader {
public:
    Reader(TableBook& book, std::string_view statement, sql::Backslash backslash)
        : book_(book), statement_(statement), tokens_(statement, backslash) {}

    void read() {
        if (tokens_.skip("create")) return create();
        if (tokens_.skip("alter") && tokens_.skip("table")) return alter();
        if (tokens_.skip("drop") && tokens_.skip("table")) return drop();
    }

private:
    void create() {
        while (!tokens_.at_end() && !tokens_.at("table")) {
            if (!tokens_.at(sql::TokenKind::Word)) return;
            if (tokens_.at("index") || tokens_.at("function") || tokens_.at("trigger")) return;
            tokens_.next();
        }
        tokens_.next();
        bool keeps = tokens_.at("if");
        skip_if_exists(tokens_);
        std::string name = tokens_.take_name();
        if (name.empty() || !tokens_.at(sql::TokenKind::Open)) return;
        if (keeps && book_.tables_.contains(name)) return;
        auto entries = split_list(tokens_.skip_group(), tokens_.backslash());
        if (!entries) return;
        std::vector<Column> columns;
        for (std::string_view entry : *entries) {
            Tokens tokens(entry, tokens_.backslash());
            if (auto column = take_column(tokens)) columns.push_back(std::move(*column));
        }
        book_.put(name, std::move(columns));
    }

    void alter() {
        skip_if_exists(tokens_);
        tokens_.skip("only");
        std::string name = tokens_.take_name();
        auto found = book_.tables_.find(name);
        if (found == book_.tables_.end()) return;
        std::vector<Column> columns = *found->second;
        auto rest = static_cast<std::size_t>(tokens_.peek().begin - statement_.data());
        auto actions =
            split_list(statement_.substr(std::min(rest, statement_.size())), tokens_.backslash());
        if (!actions) return;
        for (std::string_view action : *actions) {
            Tokens tokens(action, tokens_.backslash());
            change(tokens, name, columns);
        }
        if (columns.size() <= kMaxColumns) book_.put(name, std::move(columns));
    }

    void change(Tokens& tokens, std::string& table, std::vector<Column>& columns) {
        std::string verb = is_name(tokens.peek()) ? name_in(tokens.next()) : std::string();
        bool named_column = tokens.skip("column");
        skip_if_exists(tokens);
        if (verb == "add") {
            auto column = take_column(tokens);
            if (column && find(columns, column->name) == columns.end())
                columns.push_back(std::move(*column));
            return;
        }
        if (verb == "rename" && !named_column && tokens.skip("to")) {
            book_.put(table, {});
            book_.tables_.erase(table);
            table = tokens.take_name();
            return;
        }
        auto column = find(columns, tokens.take_name());
        if (column == columns.end()) return;
        if (verb == "drop") {
            columns.erase(column);
        } else if (verb == "rename" && tokens.skip("to")) {
            column->name = tokens.take_name().substr(0, kMaxNameBytes);
        } else if (verb == "alter") {
            if (tokens.skip("set")) tokens.skip("data");
            if (tokens.skip("type")) column->type = take_type(tokens);
        }
    }

    void drop() {
        skip_if_exists(tokens_);
        do {
            std::string name = tokens_.take_name();
            book_.put(name, {});
            book_.tables_.erase(name);
        } while (tokens_.skip(sql::TokenKind::Comma));
    }

    static std::vector<Column>::iterator find(std::vector<Column>& columns, std::string_view name) {
        return std::find_if(columns.begin(), columns.end(),
                            [&](const Column& column) { return column.name == name; });
    }

    TableBook& book_;
    std::string_view statement_;
    Tokens tokens_;
};

void TableBook::learn(std::string_view statement, sql::Backslash backslash) {
    const std::lock_guard lock(mutex_);
    Reader(*this, statement, backslash).read();
}

void TableBook::put(const std::string& name, std::vector<Column> columns) {
    if (auto old = tables_.find(name); old != tables_.end()) {
        columns_in_all_ -= old->second->size();
        tables_.erase(old);
    }
    bool fits = tables_.size() < kMaxTables && name.size() <= kMaxNameBytes && !name.empty() &&
                columns_in_all_ + columns.size() <= kMaxColumnsInAll;
    if (!fits) return;
    columns_in_all_ += columns.size();
    tables_[name] = std::make_shared<const std::vector<Column>>(std::move(columns));
}

TablePtr TableBook::find(std::string_view name) const {
    const std::lock_guard lock(mutex_);
    auto found = tables_.find(name);
    return found == tables_.end() ? nullptr : found->second;
}

}  // namespace pgsidecar::proxy::mock
