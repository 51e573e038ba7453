#pragma once

#include <vector>

#include "model/learned_schema.hpp"

namespace pgsidecar::audit {

class SpoolConnection;

// What was learned of the database, in the spool's tables `servers` and `schemas`. Damaged rows are
// left out: they are learned again.

bool store_learned(SpoolConnection& connection, const model::LearnedServer& server);
bool store_learned(SpoolConnection& connection, const model::LearnedSchema& schema);
std::vector<model::LearnedServer> learned_servers(SpoolConnection& connection);
std::vector<model::LearnedSchemaPtr> learned_schemas(SpoolConnection& connection);

}  // namespace pgsidecar::audit
