#include "proxy/mock/executor.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "protocol/messages/sqlstate.hpp"
#include "proxy/mock/text.hpp"

namespace pgsidecar::proxy::mock {
namespace {

namespace sqlstate = protocol::sqlstate;
using Verb = Outline::Verb;

Result too_many_columns() {
    return make_error("54011",
                      "target lists can have at most " + std::to_string(kMaxColumns) + " entries");
}

Result too_large() {
    return make_error(sqlstate::kProgramLimitExceeded,
                      "the statement returns more than mode mock keeps",
                      "Return fewer or shorter values, or use mode local.");
}

bool ends_transaction(const Outline& outline) {
    static constexpr std::string_view kWords[] = {"commit", "end", "rollback", "abort"};
    if (outline.head.empty()) return false;
    if (outline.head[0] == "prepare")
        return outline.head.size() > 1 && outline.head[1] == "transaction";
    return std::find(std::begin(kWords), std::end(kWords), outline.head[0]) != std::end(kWords);
}

Scene scene_of(Connection& connection, Scene::Budget& budget,
               const std::vector<Oid>& parameter_types, const std::vector<Value>* parameters) {
    Scene scene{.user = connection.user,
                .database = connection.database,
                .pid = connection.pid,
                .wall_us = connection.wall_us,
                .gucs = connection.gucs,
                .entropy = connection.entropy,
                .sequences = connection.sequences,
                .budget = budget};
    scene.parameter_types = parameter_types;
    scene.parameters = parameters;
    return scene;
}

/// One row out of a list of entries; fills in the columns at the first row.
class RowMaker {
public:
    RowMaker(const std::vector<std::string_view>& entries, Scene& scene, Result& result)
        : entries_(entries), scene_(scene), result_(result) {}

    void make() {
        std::vector<Value> row;
        bool first = result_.columns.empty() && result_.rows.empty();
        for (std::string_view entry : entries_) {
            Item item = evaluate_item(entry, scene_);
            all_aggregate = all_aggregate && item.aggregate;
            many_rows = many_rows || item.many_rows;
            if (item.star) {
                add_star(item.star_of, row, first);
                continue;
            }
            if (first) result_.columns.push_back(item.column);
            // The first row says the type, as in PostgreSQL.
            const std::size_t index = row.size();
            if (index < result_.columns.size())
                item.value = cast_value(std::move(item.value), result_.columns[index].type);
            row.push_back(std::move(item.value));
        }
        row.resize(result_.columns.size());

        result_.rows.push_back(std::move(row));
    }

    bool all_aggregate = true;
    bool many_rows = false;

private:
    void add_star(std::string_view alias, std::vector<Value>& row, bool first) {
        for (Column& column : scene_.relations->columns_of(alias)) {
            if (row.size() == kMaxColumns) return;
            Value value{column.type, {}, {}};
            if (scene_.row != nullptr) {
                if (auto it = scene_.row->find(column.name); it != scene_.row->end())
                    value = scene_.copy(it->second);
            }
            row.push_back(std::move(value));
            if (first) result_.columns.push_back(std::move(column));
        }
    }
    const std::vector<std::string_view>& entries_;
    Scene& scene_;
    Result& result_;
};

Result run_select(const Outline& outline, Scene& scene) {
    auto entries = split_list(outline.items, scene.backslash());
    if (!entries) return too_many_columns();
    Result result = make_done("SELECT");
    if (outline.into) return make_done("SELECT 0");
    result.has_rows = result.counts_rows = true;
    RowMaker maker(*entries, scene, result);
    maker.make();
    bool one_row = !outline.from || (maker.all_aggregate && !entries->empty() && !outline.grouped);
    if (!one_row || outline.no_rows || maker.many_rows) result.rows.clear();
    return result;
}

Result run_values(const Outline& outline, Scene& scene) {
    Result result = make_done("SELECT");
    result.has_rows = result.counts_rows = true;
    std::size_t cells = 0;
    bool good = true;
    for_each_row(outline.rows, scene.backslash(), [&](std::string_view inside) {
        auto entries = split_list(inside, scene.backslash());
        good = entries && (cells += entries->size()) <= kMaxCells;
        if (!good) return false;
        RowMaker(*entries, scene, result).make();
        return true;
    });
    if (!good) return too_large();
    for (std::size_t i = 0; i < result.columns.size(); ++i)
        result.columns[i].name = "column" + std::to_string(i + 1);
    return result;
}

/// The row that an INSERT would have stored, by column.
std::map<std::string, Value, std::less<>> given_row(const std::vector<std::string>& names,
                                                    std::string_view inside, Scene& scene) {
    std::map<std::string, Value, std::less<>> row;
    auto entries = split_list(inside, scene.backslash());
    if (!entries) return row;
    for (std::size_t i = 0; i < entries->size() && i < names.size(); ++i) {
        Value value = evaluate((*entries)[i], scene).value;
        if (auto type = scene.relations->type_of_column(names[i]))
            value = cast_value(std::move(value), *type);
        row[names[i]] = std::move(value);
    }
    return row;
}

/// "*" of RETURNING for a table that is not known: the columns that the statement names.
std::vector<std::string_view> returned_entries(const Outline& outline, Scene& scene,
                                               const std::vector<std::string>& names,
                                               std::vector<std::string>& quoted) {
    auto entries = split_list(outline.returning, scene.backslash());
    std::vector<std::string_view> out;
    if (!entries) return out;
    for (const std::string& name : names) {
        std::string text = "\"";
        for (char c : name) text.append(c == '"' ? 2U : 1U, c);
        quoted.push_back(text + '"');
    }
    bool known = !scene.relations->columns_of().empty();
    for (std::string_view entry : *entries) {
        if (entry == "*" && !known) {
            out.insert(out.end(), quoted.begin(), quoted.end());
        } else {
            out.push_back(entry);
        }
    }
    return out;
}

Result run_insert(const Outline& outline, Scene& scene) {
    std::size_t count = outline.from_query ? (outline.from ? 0U : 1U) : outline.row_count;
    if (outline.returning.empty()) return make_done("INSERT 0 " + std::to_string(count));
    Result result = make_done("INSERT 0");
    result.has_rows = result.counts_rows = true;
    auto names = target_columns(outline, *scene.relations, scene.backslash());
    std::vector<std::string> quoted;
    auto entries = returned_entries(outline, scene, names, quoted);
    if (entries.size() > kMaxColumns) return too_many_columns();
    if (outline.row_count * std::max<std::size_t>(entries.size(), 1) > kMaxCells)
        return too_large();
    RowMaker maker(entries, scene, result);
    auto return_row = [&](std::string_view inside) {
        auto row = given_row(names, inside, scene);
        scene.row = &row;
        maker.make();
        scene.row = nullptr;
        return !scene.budget.overdrawn;
    };
    if (outline.rows.empty()) {
        return_row({});
        if (count == 0) result.rows.clear();
    } else {
        for_each_row(outline.rows, scene.backslash(), return_row);
    }
    return result;
}

Result run_change(const Outline& outline, Scene& scene, const char* tag) {
    if (outline.returning.empty()) return make_done(std::string(tag) + " 0");
    auto entries = split_list(outline.returning, scene.backslash());
    if (!entries) return too_many_columns();
    Result result = make_done(tag);
    result.has_rows = result.counts_rows = true;
    RowMaker(*entries, scene, result).make();
    result.rows.clear();
    return result;
}

Result run(Connection& connection, std::string_view statement,
           const std::vector<Oid>& parameter_types, const std::vector<Value>* parameters) {
    Outline outline = outline_of(statement, connection.backslash());
    if (connection.transaction.failed() && !ends_transaction(outline)) {
        return make_error(sqlstate::kInFailedTransaction,
                          "current transaction is aborted, commands ignored until end of "
                          "transaction block");
    }
    bool describing = parameters == nullptr;
    if (outline.verb == Verb::Other) return run_utility(connection, statement, outline, describing);
    Scene::Budget budget{kMaxResultBytes};
    Scene scene = scene_of(connection, budget, parameter_types, parameters);
    const Relations relations(connection.tables, outline.tables);
    scene.relations = &relations;
    Result result = run_query(outline, scene);
    return budget.overdrawn ? too_large() : result;
}

}  // namespace

Result make_error(std::string_view sqlstate, std::string message, std::string hint) {
    Result result;
    result.error.emplace();
    result.error->sqlstate = sqlstate;
    result.error->message = std::move(message);
    result.error->hint = std::move(hint);
    return result;
}

Result make_done(std::string tag) {
    Result result;
    result.tag = std::move(tag);
    return result;
}

LocalError make_warning(std::string_view sqlstate, std::string message) {
    LocalError warning;
    warning.severity = "WARNING";
    warning.sqlstate = sqlstate;
    warning.message = std::move(message);
    return warning;
}

Result run_query(const Outline& outline, Scene& scene) {
    switch (outline.verb) {
        case Verb::Select: return run_select(outline, scene);
        case Verb::Values: return run_values(outline, scene);
        case Verb::Insert: return run_insert(outline, scene);
        case Verb::Update: return run_change(outline, scene, "UPDATE");
        case Verb::Delete: return run_change(outline, scene, "DELETE");
        case Verb::Merge: return run_change(outline, scene, "MERGE");
        case Verb::Table:
        case Verb::Other: break;
    }
    Result result = make_done("SELECT");
    result.has_rows = result.counts_rows = true;
    result.columns = scene.relations->columns_of();
    return result;
}

Result run_statement(Connection& connection, std::string_view statement,
                     const std::vector<Oid>& parameter_types,
                     const std::vector<Value>& parameters) {
    return run(connection, statement, parameter_types, &parameters);
}

Result describe_statement(Connection& connection, std::string_view statement,
                          const std::vector<Oid>& parameter_types) {
    return run(connection, statement, parameter_types, nullptr);
}

}  // namespace pgsidecar::proxy::mock
