#include "proxy/core/client_statements.hpp"

namespace pgsidecar::proxy {

namespace {
const PreparedStatementPtr kNone;
}  // namespace

ClientStatements::ClientStatements() = default;
ClientStatements::~ClientStatements() = default;

ClientStatements::Found ClientStatements::find(std::string_view name, std::uint32_t section) const {
    if (name.empty()) return {unnamed_.statement(), unnamed_.settled(section)};
    if (!named_) return {kNone, true};
    bool settled = named_->deallocating == 0;
    auto it = named_->statements.find(cut(name));
    if (it == named_->statements.end()) return {kNone, settled};
    return {it->second.statement(), settled && it->second.settled(section)};
}

const PreparedStatementPtr& ClientStatements::statement(std::string_view name) const {
    return find(name, 0).statement;
}

bool ClientStatements::parse(std::string_view name, StatementStep& step, std::uint32_t section) {
    step.closes = false;
    if (name.empty()) {
        step.unnamed = true;
        unnamed_.sent(step, section);
        return true;
    }
    if (!named_) named_ = std::make_unique<Named>();
    auto it = named_->statements.find(cut(name));
    std::size_t bytes = named_->text_bytes + (step.statement ? step.statement->text().size() : 0);
    bool new_name = it == named_->statements.end();
    if (bytes > kMaxTextBytes || (new_name && named_->statements.size() >= kMaxNames)) return false;
    if (new_name) {
        it = named_->statements.try_emplace(std::string(cut(name))).first;
        it->second.name = &it->first;
    }
    change(it->second, step, section);
    return true;
}

void ClientStatements::close(std::string_view name, StatementStep& step, std::uint32_t section) {
    step.closes = true;
    if (name.empty()) {
        step.unnamed = true;
        if (unnamed_.statement() || !unnamed_.idle()) unnamed_.sent(step, section);
        return;
    }
    if (!named_) return;
    auto it = named_->statements.find(cut(name));
    if (it != named_->statements.end()) change(it->second, step, section);
}

void ClientStatements::query(StatementStep& step, std::uint32_t section) {
    if (step.slot == nullptr) close({}, step, section);
}

void ClientStatements::deallocate_all() {
    if (!named_) named_ = std::make_unique<Named>();
    ++named_->deallocating;
}

void ClientStatements::resolve(const StatementStep& step, StepOutcome outcome) {
    if (step.change == StatementStep::Change::DeallocateAll) deallocated_all(outcome);
    if (step.slot == nullptr) return;
    if (step.slot == &unnamed_) return unnamed_.resolve(step, outcome);
    account(step.slot->statement(), -1);
    step.slot->resolve(step, outcome);
    account(step.slot->statement(), +1);
    erase_if_over(*step.slot);
}

void ClientStatements::change(NamedSlot& slot, StatementStep& step, std::uint32_t section) {
    account(slot.statement(), -1);
    slot.sent(step, section);
    account(slot.statement(), +1);
}

void ClientStatements::deallocated_all(StepOutcome outcome) {
    if (!named_ || named_->deallocating == 0) return;  // the proxy's own DISCARD ALL
    --named_->deallocating;
    if (outcome == StepOutcome::Done) {
        for (auto it = named_->statements.begin(); it != named_->statements.end();) {
            account(it->second.statement(), -1);
            it->second.dropped();
            it = it->second.idle() ? named_->statements.erase(it) : std::next(it);
        }
    }
    free_if_empty();
}

void ClientStatements::account(const PreparedStatementPtr& statement, int sign) {
    if (!statement) return;
    // Unsigned arithmetic wraps, so that adding the negative subtracts.
    auto factor = static_cast<std::size_t>(sign);
    named_->text_bytes += factor * statement->text().size();
    if (!statement->whole()) named_->unshared += factor;
}

void ClientStatements::erase_if_over(StatementSlot& slot) {
    if (slot.statement() || !slot.idle()) return;
    named_->statements.erase(named_->statements.find(*static_cast<NamedSlot&>(slot).name));
    free_if_empty();
}

void ClientStatements::free_if_empty() {
    if (named_->statements.empty() && named_->portals.empty() && named_->deallocating == 0)
        named_.reset();
}

// ---- portals

void ClientStatements::bind(std::string_view portal, const PreparedStatementPtr& statement) {
    if (portal.empty()) {
        unnamed_portal_ = statement;
        return;
    }
    if (!named_) named_ = std::make_unique<Named>();
    auto it = named_->portals.find(cut(portal));
    if (it != named_->portals.end()) {
        it->second = statement;
    } else if (named_->portals.size() < kMaxNames) {
        named_->portals.emplace(cut(portal), statement);
    }
}

const PreparedStatementPtr& ClientStatements::portal(std::string_view name) const {
    if (name.empty()) return unnamed_portal_;
    if (!named_) return kNone;
    auto it = named_->portals.find(cut(name));
    return it == named_->portals.end() ? kNone : it->second;
}

void ClientStatements::close_portal(std::string_view name) {
    if (name.empty()) {
        unnamed_portal_ = {};
    } else if (named_) {
        if (auto it = named_->portals.find(cut(name)); it != named_->portals.end())
            named_->portals.erase(it);
    }
}

void ClientStatements::transaction_over() {
    unnamed_portal_ = {};
    if (!named_) return;
    if (!named_->portals.empty()) Portals().swap(named_->portals);
    free_if_empty();
}

// ---- counts

std::size_t ClientStatements::size() const { return named_ ? named_->statements.size() : 0; }

bool ClientStatements::needs_its_server() const {
    const auto& unnamed = unnamed_.statement();
    return (unnamed && !unnamed->whole()) || (named_ && named_->unshared != 0);
}

}  // namespace pgsidecar::proxy
