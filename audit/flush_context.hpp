#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/spool_entry.hpp"

namespace pgsidecar::audit {

/// One set_config(name, value, true); nullopt: back to the connection's own value.
struct ContextChange {
    std::string name;
    std::optional<std::string> value;

    friend bool operator==(const ContextChange&, const ContextChange&) = default;
};

/// As whom and with which settings a flush transaction is working, and what takes it from one
/// entry's context to the next. Pure. One per transaction, since the changes are local to it.
///
/// Order of the changes: the role is given back first (settings are then ours to change); the user,
/// whose name came before any client_encoding had a say; client_encoding, so that all further bytes
/// mean what they meant to the client; a role that the client chose itself; then the rest, with the
/// rights of that role. Left alone are settings that belong to the flush: time-outs and
/// synchronous_commit, because an entry is forgotten once its COMMIT has been answered.
class FlushContext {
public:
    /// own_user: whom the connection logged in as; entries of that user need no role.
    explicit FlushContext(std::string own_user) : own_user_(std::move(own_user)) {}

    std::vector<ContextChange> change_to(const model::SpoolContext& context);
    /// Everything back to the connection's own values, for our own statements.
    std::vector<ContextChange> change_back();

private:
    using Values = std::map<std::string, std::string, std::less<>>;
    struct Target {
        Values values;
        bool role_is_user = false;  ///< `role` is the one that logged in
    };

    Target wanted(const model::SpoolContext& context) const;
    std::vector<ContextChange> move_to(Target target);

    std::string own_user_;
    model::SpoolContextPtr last_;  ///< whose object is in force: the usual case is the same again
    Values applied_;
};

/// Text of a time for pgsidecar.accepted_at: "2026-11-20 10:00:00.000000+00".
std::string accepted_at_text(std::int64_t wall_us);

}  // namespace pgsidecar::audit
