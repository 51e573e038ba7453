#include "proxy/core/standin.hpp"

#include "protocol/messages/backend_encode.hpp"
#include "protocol/messages/frontend_decode.hpp"
#include "protocol/messages/frontend_encode.hpp"
#include "proxy/core/plane.hpp"
#include "proxy/core/session.hpp"
#include "proxy/core/standin_texts.hpp"

namespace pgsidecar::proxy {

using model::Queueable;
using model::TransactionVerb;

Standin::Standin(Session& session, Plane& plane) : session_(session), plane_(plane) {}

bool Standin::engaged() const { return transaction_ != Transaction::None || in_exchange_; }

// ---- what a statement is

Standin::Plan Standin::because(std::string why_not) {
    Plan plan;
    plan.why_not = std::move(why_not);
    return plan;
}

Standin::Plan Standin::plan(const model::StatementShapePtr& shape, std::string_view sql,
                            std::uint32_t rows) const {
    Plan plan;
    plan.sql = sql;
    if (!shape) {
        plan.why_not = "it is too long to be looked at";
        return plan;
    }
    switch (shape->verb) {
        case TransactionVerb::Begin: plan.role = Role::Begin; return plan;
        case TransactionVerb::Commit: plan.role = Role::Commit; return plan;
        case TransactionVerb::Rollback: plan.role = Role::Rollback; return plan;
        case TransactionVerb::None:
        case TransactionVerb::Savepoint:
        case TransactionVerb::Other: break;
    }
    plan.outage_class = plane_.policy().decide(shape->table, shape->kind, session_.service());
    if (!model::is_spooled(plan.outage_class)) return plan;
    if (shape->queueable != Queueable::Yes) {
        plan.why_not = why_not_queued(shape->queueable);
    } else if (!plane_.outage_possible()) {
        plan.why_not = "there is no spool: see the log and /readyz";
    } else {
        plan.role = Role::Write;
        plan.table = bare_table(shape->table);
        plan.rows = rows;
    }
    return plan;
}

Standin::Plan Standin::plan(const PreparedStatement& statement) const {
    plane_.classify(statement.text());
    auto places = plane_.places();
    return plan(statement.shape(), statement.text(), places.empty() ? 1 : places[0].value_rows);
}

// ---- messages

void Standin::begin_exchange(const base::Now& now) {
    if (in_exchange_) return;
    in_exchange_ = true;
    wrote_before_ = !entry_.statements.empty();
    begin_before_ = transaction_ == Transaction::Open ? begin_text_ : std::string();
    started_ns_ = now.mono_ns;
    started_us_ = now.wall_us;
}

void Standin::too_long(char type, const base::Now& now) {
    begin_exchange(now);
    if (!skipping_) {
        const bool failed = transaction_ == Transaction::Failed;
        fail(failed ? failed_transaction()
                    : too_big(plane_.settings().limits.inspect_bytes, "limits.inspect_bytes"));
    }
    if (type == 'Q' || type == 'F') finish_exchange(now);
}

void Standin::on_frame(const protocol::Frame& frame, const base::Now& now) {
    if (frame.type == 'd' || frame.type == 'c' || frame.type == 'f') return;  // left of a COPY
    begin_exchange(now);
    // An error, too, is told at Flush.
    if (skipping_ && frame.type != 'S' && frame.type != 'H') return;
    taken_bytes_ += frame.wire.size();
    if (!told_ && transaction_ != Transaction::Failed) collected_.append(base::as_text(frame.wire));
    switch (frame.type) {
        case 'Q': on_query(frame, now); break;
        case 'P': on_parse(frame, now); break;
        case 'B': on_bind(frame, now); break;
        case 'D': on_describe(frame, now); break;
        case 'E': on_execute(frame, now); break;
        case 'C': on_close(frame); break;
        case 'S': on_sync(now); break;
        case 'H': on_flush(now); break;
        case 'F':
            needs_server(because("a function call is not queued"), now);
            if (in_exchange_) finish_exchange(now);
            break;
        default: break;
    }
    check_size(frame.type);
}

void Standin::check_size(char type) {
    if (type == 'Q' || type == 'S' || type == 'H' || !in_exchange_ || skipping_) return;
    std::int64_t limit = plane_.settings().outage.max_entry_bytes;
    if (taken_bytes_ + out_.size() > 2 * static_cast<std::size_t>(limit)) fail(too_big(limit));
}

bool Standin::server_needed(const std::vector<Plan>& plans, Plan& which) const {
    bool open = transaction_ == Transaction::Open, wrote = !entry_.statements.empty();
    bool committed = committed_ > 0;
    for (const Plan& plan : plans) {
        if (plan.role == Role::Server || (plan.role == Role::Begin && wrote && !open) ||
            (plan.role == Role::Write && committed)) {
            which = plan;
            return true;
        }
        wrote = (wrote || plan.role == Role::Write) && plan.role != Role::Rollback;
        committed = committed || (plan.role == Role::Commit && wrote);
        if (plan.role == Role::Begin) open = true;
        if (plan.role == Role::Commit || plan.role == Role::Rollback) open = false;
    }
    return false;
}

void Standin::on_query(const protocol::Frame& frame, const base::Now& now) {
    auto text = protocol::decode_query(frame.payload);
    std::vector<Plan> plans;
    std::vector<model::StatementShapePtr> shapes;
    if (text) {
        auto found = plane_.classify(*text);
        auto places = plane_.places();
        shapes.assign(found.begin(), found.end());
        for (std::size_t i = 0; i < shapes.size(); ++i) {
            const auto& place = places[i];
            plans.push_back(plan(shapes[i], text->substr(place.begin, place.end - place.begin),
                                 place.value_rows));
            plans.back().begin = place.begin;
        }
    }
    Plan which;
    const bool failed = transaction_ == Transaction::Failed;
    if (!failed && server_needed(plans, which)) {
        needs_server(which, now);
        if (in_exchange_) finish_exchange(now);
        return;
    }
    if (plans.empty()) protocol::append_empty_query_response(out_);
    for (std::size_t i = 0; i < plans.size(); ++i) {
        if (!run(plans[i], {}, {}, now)) break;
        ran_.push_back(shapes[i]);
        if (failed && i + 1 < plans.size()) {
            std::string rest;
            if (protocol::append_query(rest, text->substr(plans[i + 1].begin)))
                return begin_again(std::move(rest), now);
        }
    }
    finish_exchange(now);
}

void Standin::on_parse(const protocol::Frame& frame, const base::Now& now) {
    auto parse = protocol::decode_parse(frame.payload);
    if (!parse) return fail(malformed("Parse"));
    PreparedStatementPtr statement = session_.intern(*parse);
    Plan made = plan(*statement);
    if (transaction_ == Transaction::Failed) {
        if (made.role != Role::Commit && made.role != Role::Rollback)
            return fail(failed_transaction());
    } else if (made.role == Role::Server) {
        return needs_server(made, now);
    }
    session_.name_it(parse->name, std::move(statement));
    protocol::append_parse_complete(out_);
}

void Standin::on_bind(const protocol::Frame& frame, const base::Now& now) {
    auto bind = protocol::decode_bind(frame.payload);
    if (!bind) return fail(malformed("Bind"));
    PreparedStatementPtr statement = session_.statement(bind->statement);
    if (!statement || !statement->whole())
        return needs_server(because("its statement is not known"), now);
    Plan made = plan(*statement);
    if (transaction_ != Transaction::Failed && made.role == Role::Server)
        return needs_server(made, now);
    auto& portal = portals_[std::string(bind->portal)];
    portal.statement = std::move(statement);
    portal.parameters.assign(base::as_text(bind->parameters));
    protocol::append_bind_complete(out_);
}

void Standin::on_describe(const protocol::Frame& frame, const base::Now& now) {
    auto target = protocol::decode_target(frame.payload);
    if (!target) return fail(malformed("Describe"));
    if (target->kind == protocol::TargetKind::Statement) {
        PreparedStatementPtr statement = session_.statement(target->name);
        if (!statement || !statement->whole())
            return needs_server(because("its statement is not known"), now);
        Plan made = plan(*statement);
        if (transaction_ != Transaction::Failed && made.role == Role::Server)
            return needs_server(made, now);
        protocol::append_parameter_description(out_, session_.parameter_types(*statement));
    } else if (!portals_.contains(target->name)) {
        return needs_server(because("its portal is not known"), now);
    }
    protocol::append_no_data(out_);
}

void Standin::on_execute(const protocol::Frame& frame, const base::Now& now) {
    auto execute = protocol::decode_execute(frame.payload);
    if (!execute) return fail(malformed("Execute"));
    auto it = portals_.find(execute->portal);
    if (it == portals_.end()) return needs_server(because("its portal is not known"), now);
    const PreparedStatement& statement = *it->second.statement;
    Plan made = plan(statement);
    if (transaction_ != Transaction::Failed && made.role == Role::Server)
        return needs_server(made, now);
    const bool second = committed_ > 0 && made.role == Role::Write;
    if (second || (committing_ && made.role == Role::Begin))
        return needs_server(because("one Sync would end two transactions"), now);
    auto shape = statement.shape();
    const bool failed = transaction_ == Transaction::Failed;
    if (!run(made, session_.known_types(statement), it->second.parameters, now)) return;
    ran_.push_back(shape);
    if (failed) begin_again({}, now);
}

void Standin::on_close(const protocol::Frame& frame) {
    auto target = protocol::decode_target(frame.payload);
    if (!target) return fail(malformed("Close"));
    session_.closed(*target);
    if (target->kind == protocol::TargetKind::Portal) {
        if (auto it = portals_.find(target->name); it != portals_.end()) portals_.erase(it);
    }
    protocol::append_close_complete(out_);
}

void Standin::on_sync(const base::Now& now) { finish_exchange(now); }

// ---- statements

bool Standin::run(const Plan& plan, std::vector<std::uint32_t> types, std::string parameters,
                  const base::Now& now) {
    if (transaction_ == Transaction::Failed) {
        bool ends = plan.role == Role::Rollback || (plan.role == Role::Commit && !untold_);
        if (!ends) {
            fail(failed_transaction());
            // Told why, the client has ended the transaction with it.
            if (plan.role == Role::Commit) transaction_ = Transaction::None;
            return false;
        }
        untold_.reset();
        transaction_ = Transaction::None;
        protocol::append_command_complete(out_, "ROLLBACK");
        return true;
    }
    switch (plan.role) {
        case Role::Begin:
            if (transaction_ == Transaction::None) begin_text_ = plan.sql;
            transaction_ = Transaction::Open;
            protocol::append_command_complete(out_, begin_tag(plan.sql));
            return true;
        case Role::Commit: return commit(now);
        case Role::Rollback: rollback(); return true;
        case Role::Write: break;
        case Role::Server: return false;
    }
    entry_bytes_ += plan.sql.size() + parameters.size() + 64;
    if (entry_bytes_ > static_cast<std::size_t>(plane_.settings().outage.max_entry_bytes)) {
        fail(too_big(plane_.settings().outage.max_entry_bytes));
        return false;
    }
    // What one entry holds is as safe as its most demanding table asks.
    if (entry_.statements.empty() || plan.outage_class < entry_.outage_class)
        entry_.outage_class = plan.outage_class;
    model::SpoolStatement statement;
    statement.sql = plan.sql;
    statement.types = std::move(types);
    statement.parameters = std::move(parameters);
    statement.table = plan.table;
    statement.rows = plan.rows;
    entry_.statements.push_back(std::move(statement));
    if (transaction_ == Transaction::None) committing_ = true;
    add_notice();
    protocol::append_command_complete(out_, "INSERT 0 " + std::to_string(plan.rows));
    return true;
}

bool Standin::commit(const base::Now&) {
    committed_ = entry_.statements.size();
    committing_ = committed_ > 0;
    transaction_ = Transaction::None;
    protocol::append_command_complete(out_, "COMMIT");
    return true;
}

void Standin::rollback() {
    drop_uncommitted();
    wrote_before_ = false;
    transaction_ = Transaction::None;
    protocol::append_command_complete(out_, "ROLLBACK");
}

void Standin::add_notice() {
    if (noticed_ || !session_.wants_notices()) return;
    noticed_ = true;
    auto notice = queued_notice();
    auto fields = notice.fields();
    fields.severity = "NOTICE";
    protocol::append_notice_response(out_, fields);
}

}  // namespace pgsidecar::proxy
