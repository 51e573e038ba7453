#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/mock/prepared.hpp"
#include "proxy/mock/result.hpp"

/// The backend's messages that carry what a statement returned. Each appends to `out`.
namespace pgsidecar::proxy::mock {

void append_row_description(std::string& out, const std::vector<Column>& columns,
                            const Portal* formats);
void append_parameter_description(std::string& out, const std::vector<Oid>& types);
void append_data_row(std::string& out, const std::vector<Value>& row, const Portal* formats);
/// The answer to a COPY: 'G' or 'H'.
void append_copy_response(std::string& out, char type, const Result& result);
void append_copy_data(std::string& out, std::string_view data);
/// A message without a body.
void append_bare(std::string& out, char type);
void append_error(std::string& out, const LocalError& error);
void append_notices(std::string& out, const std::vector<LocalError>& notices);

}  // namespace pgsidecar::proxy::mock
