#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace pgsidecar::model {

/// A table that queues writes, as the database described it while it was there.
struct LearnedTable {
    std::string schema, name;
    std::vector<std::pair<std::string, std::uint32_t>> columns;  ///< name, type oid; in their order
};

/// What is known of the tables of one database whose policy is durable, queue or buffer, so that a
/// driver's Describe can be answered in an outage. Immutable.
struct LearnedSchema {
    std::string database;
    std::vector<LearnedTable> tables;
};

using LearnedSchemaPtr = std::shared_ptr<const LearnedSchema>;

/// ParameterStatus values of a server, kept so that clients can log in while it is away.
struct LearnedServer {
    std::string user, database;
    std::vector<std::pair<std::string, std::string>> parameters;
};

}  // namespace pgsidecar::model
