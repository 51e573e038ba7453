#pragma once

#include <string_view>

#include "config/settings.hpp"

namespace pgsidecar::proxy::admin {

/// What somebody may do on the console. Asked for each command, so that a reload counts at once.
struct Rights {
    bool show = false;
    bool change = false;  ///< includes show
};

/// Who it is, as proved at login.
struct Identity {
    std::string_view user;
    bool local = false;           ///< loopback address or Unix socket
    std::string_view owner;       ///< the user of the database's address; empty: nobody
    bool names_are_free = false;  ///< mode mock without a user: everybody is let in by any name
};

/// By admin.users and admin.stats_users; without admin.users, the owner on this machine.
Rights rights_of(const config::Settings::Admin& settings, const Identity& who);

}  // namespace pgsidecar::proxy::admin
