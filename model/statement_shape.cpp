#include "model/statement_shape.hpp"

namespace pgsidecar::model {

std::string_view to_string(StatementKind kind) {
    switch (kind) {
        case StatementKind::Select: return "select";
        case StatementKind::Insert: return "insert";
        case StatementKind::Update: return "update";
        case StatementKind::Delete: return "delete";
        case StatementKind::Merge: return "merge";
        case StatementKind::Ddl: return "ddl";
        case StatementKind::Transaction: return "transaction";
        case StatementKind::Copy: return "copy";
        case StatementKind::Set: return "set";
        case StatementKind::Call: return "call";
        case StatementKind::Prepare: return "prepare";
        case StatementKind::Listen: return "listen";
        case StatementKind::Cursor: return "cursor";
        case StatementKind::Explain: return "explain";
        case StatementKind::Other: return "other";
        case StatementKind::Unknown: return "unknown";
    }
    return "unknown";
}

std::string_view operation_type(StatementKind kind) {
    switch (kind) {
        case StatementKind::Insert: return "insert";
        case StatementKind::Update:
        case StatementKind::Merge: return "update";
        case StatementKind::Delete: return "delete";
        case StatementKind::Transaction: return "transaction";
        default: return "query";
    }
}

}  // namespace pgsidecar::model
