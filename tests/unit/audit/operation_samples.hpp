#pragma once

#include <string>
#include <utility>

#include "model/database_operation.hpp"

namespace pgsidecar::audit {

inline model::OperationSourcePtr make_source(std::string service) {
    auto* source = new model::OperationSource;
    source->connection_id = "0189bbbb-0000-7000-8000-000000000001";
    source->session_id = "0189cccc-0000-7000-8000-000000000002";
    source->service = std::move(service);
    source->user = "app";
    source->database = "postgres";
    return model::OperationSourcePtr(source);
}

inline model::StatementShapePtr make_shape(model::StatementKind kind, std::string text,
                                           std::string table = "") {
    auto* shape = new model::StatementShape;
    shape->fingerprint = std::hash<std::string>()(text) | 0x8000000000000000U;
    shape->kind = kind;
    shape->text = std::move(text);
    shape->table = std::move(table);
    return model::StatementShapePtr(shape);
}

inline model::OperationRecord make_record(model::OperationSourcePtr source,
                                          model::StatementShapePtr shape) {
    static std::uint8_t next = 0;
    model::OperationRecord record;
    record.id.bytes = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, ++next};
    record.source = std::move(source);
    record.shape = std::move(shape);
    record.start_us = 1'795'255'200'000'000;
    record.duration_ns = 1'234'567;
    return record;
}

}  // namespace pgsidecar::audit
