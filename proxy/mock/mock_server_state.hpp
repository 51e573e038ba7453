#pragma once

#include <memory>
#include <string>
#include <utility>

#include "proxy/mock/mock_server.hpp"

namespace pgsidecar::proxy::mock {

/// A Query: its statements are run one in each step, so that a long one neither keeps the worker
/// nor fills the output.
struct MockServer::Simple {
    Simple(std::string sql, sql::Backslash backslash)
        : text(std::make_unique<const std::string>(std::move(sql))), splitter(*text, backslash) {}

    std::unique_ptr<const std::string> text;
    StatementSplitter splitter;
};

struct MockServer::CopyIn {
    CopyCounter counter;
};

}  // namespace pgsidecar::proxy::mock
