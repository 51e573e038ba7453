#include "app/cli/outage_outlook_report.hpp"

#include <algorithm>
#include <string_view>

#include "model/json_object.hpp"

namespace pgsidecar::app {
namespace {

constexpr std::size_t kColumns = 100;
constexpr std::size_t kLabel = 24;  ///< of a label, with the space around it
/// A label and a sentence, which goes on below itself.
std::string line(const std::string& label, std::string_view sentence) {
    std::string out = "  " + label;
    out.resize(std::max(kLabel, out.size() + 1), ' ');
    std::size_t column = out.size();
    while (!sentence.empty()) {
        const std::size_t space = std::min(sentence.find(' '), sentence.size());
        if (column > kLabel && column + space > kColumns) {
            while (out.ends_with(' ')) out.pop_back();
            out += '\n' + std::string(kLabel, ' ');
            column = kLabel;
        }
        const std::size_t taken = std::min(space + 1, sentence.size());
        out += sentence.substr(0, taken);
        column += taken;
        sentence.remove_prefix(taken);
    }
    return out + "\n";
}

std::string kind_text(const StatementOutlook& statement) {
    std::string text(to_string(statement.shape->kind));
    if (!statement.shape->table.empty()) text += ", table " + statement.shape->table;
    if (statement.rows > 0)
        text += ", " + std::to_string(statement.rows) + (statement.rows == 1 ? " row" : " rows");
    if (statement.shape->read_only) text += ", only reads";
    return text;
}

std::string class_text(const StatementOutlook& statement) {
    if (statement.control) return "none of its own: that of the transaction's writes";
    const std::string name(to_string(statement.outage_class));
    if (statement.rule.empty()) return name + ", because no rule is for it";
    return name + ", by " + (statement.built_in ? "the built-in rule " : "your rule ") +
           statement.rule;
}

std::string truthful_text(const StatementOutlook& statement) {
    if (!statement.truthful) return "no: " + statement.why_not;
    if (statement.control) return "yes: the sidecar knows its answer";
    return "yes: its rows are given, so INSERT 0 " + std::to_string(statement.rows) + " is known";
}

std::string statement_text(const StatementOutlook& statement, std::size_t number,
                           std::int64_t hold_ms) {
    return "\nStatement " + std::to_string(number) + ": " + statement.shape->text + "\n" +
           line("kind", kind_text(statement)) + line("class", class_text(statement)) +
           line("answerable", truthful_text(statement)) +
           line("database reachable", statement.reachable) +
           line("outage, " + std::to_string(hold_ms) + " ms", statement.at_first) +
           line("after that", statement.afterwards) + line("when it is back", statement.back);
}

std::string statement_json(const StatementOutlook& statement, std::size_t number) {
    model::JsonObject json;
    json.add("number", number)
        .add("text", statement.shape->text)
        .add("kind", to_string(statement.shape->kind))
        .add("table", statement.shape->table)
        .add("rows", statement.rows)
        .add("readOnly", statement.shape->read_only)
        .add("class", statement.control ? "" : to_string(statement.outage_class))
        .add("rule", statement.rule)
        .add("ruleIsBuiltIn", statement.built_in)
        .add("answerable", statement.truthful)
        .add("reason", statement.why_not)
        .add("queued", statement.queued)
        .add("whileReachable", statement.reachable)
        .add("atFirst", statement.at_first)
        .add("afterHold", statement.afterwards)
        .add("whenBack", statement.back);
    return json.finish();
}

}  // namespace

std::string outlook_text(const TextOutlook& outlook) {
    std::string out = "For service " +
                      (outlook.service.empty() ? "(none given; --service NAME sets it)"
                                               : "'" + model::valid_utf8(outlook.service) + "'") +
                      ".\n";
    if (!outlook.whole.empty()) out += line("as one Query", outlook.whole);
    for (std::size_t i = 0; i < outlook.statements.size(); ++i)
        out += statement_text(outlook.statements[i], i + 1, outlook.hold_ms);
    return out;
}

std::string outlook_json(const TextOutlook& outlook) {
    std::string statements = "[";
    for (std::size_t i = 0; i < outlook.statements.size(); ++i)
        statements += (i == 0 ? "" : ",") + statement_json(outlook.statements[i], i + 1);
    model::JsonObject json;
    json.add("service", outlook.service)
        .add("holdMs", outlook.hold_ms)
        .add("queued", outlook.queued)
        .add("class", outlook.queued ? to_string(outlook.outage_class) : "")
        .add("asOneQuery", outlook.whole)
        .add_raw("statements", statements + "]");
    return json.finish() + "\n";
}

}  // namespace pgsidecar::app
