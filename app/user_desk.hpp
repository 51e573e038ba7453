#pragma once

#include <memory>
#include <string>

#include "config/settings.hpp"
#include "config/upstream.hpp"
#include "proxy/core/user_file.hpp"
#include "proxy/io/data_plane.hpp"

namespace asio {
class io_context;
}

namespace pgsidecar::app {

/// auth.query, tied to the data plane: users asked for by the workers, answers from the database.
///
/// Thread: look_up() from the workers, the rest from the control thread. Lifetime: as OutageDesk's.
class UserDesk {
public:
    /// problem: a sentence when auth.query_user cannot be used, else left alone.
    UserDesk(asio::io_context& control, const config::Settings& settings,
             const config::Upstream& upstream, const proxy::UserFile& users, std::string& problem);
    ~UserDesk();

    void start(proxy::DataPlane& plane);
    void stop();
    void look_up(int worker, const std::string& user);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace pgsidecar::app
