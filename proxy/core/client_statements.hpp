#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "proxy/core/statement_step.hpp"

namespace pgsidecar::proxy {

/// One client's prepared statements and portals: which statement each of its names stands for.
///
/// The unnamed ones cost no lookup, and no memory beyond this object. PostgreSQL tells names apart
/// by their first 63 bytes (NAMEDATALEN), and so do we: a long name needs no memory.
///
/// Thread: the worker's. Slots stay where they are while a step on them is pending.
class ClientStatements {
public:
    static constexpr std::size_t kMaxNames = 10'000;
    /// Texts of all named statements together.
    static constexpr std::size_t kMaxTextBytes = 64u << 20;
    static constexpr std::size_t kNameBytes = 63;

    ClientStatements();
    ~ClientStatements();
    ClientStatements(const ClientStatements&) = delete;
    ClientStatements& operator=(const ClientStatements&) = delete;

    struct Found {
        /// What the name stands for when all that was sent succeeds; null: nothing.
        const PreparedStatementPtr& statement;
        /// False: that depends on the outcome of an earlier section, or of a DEALLOCATE ALL. Send
        /// a Flush unless a Sync went last, and take the client's message when all is answered.
        bool settled;
    };
    Found find(std::string_view name, std::uint32_t section) const;
    /// Without a word on whether it is settled.
    const PreparedStatementPtr& statement(std::string_view name) const;

    /// A Parse of step.statement is sent, or answered by us. False, and nothing done: the client
    /// has too many names or too much text. A name that is taken must be refused before (42P05).
    [[nodiscard]] bool parse(std::string_view name, StatementStep& step, std::uint32_t section);
    /// A Close is sent or answered by us, or an SQL DEALLOCATE of this name is sent. The step stays
    /// without slot when there was nothing to close.
    void close(std::string_view name, StatementStep& step, std::uint32_t section);
    /// A simple Query is sent: it drops the unnamed statement, also when it fails.
    void query(StatementStep& step, std::uint32_t section);
    /// DEALLOCATE ALL or DISCARD ALL is sent, in a Query or an Execute, with ServerStatements'
    /// step.
    void deallocate_all();
    /// Of every step, in the order they were sent; those that are not this client's do nothing.
    void resolve(const StatementStep& step, StepOutcome outcome);

    /// A Bind is sent. Only for knowing what an Execute runs: beyond kMaxNames new portals are not
    /// followed.
    void bind(std::string_view portal, const PreparedStatementPtr& statement);
    const PreparedStatementPtr& portal(std::string_view name) const;
    void close_portal(std::string_view name);
    /// Portals end with their transaction.
    void transaction_over();

    /// f(name, statement) for each named one.
    template <class F>
    void for_each_named(F f) const {
        if (!named_) return;
        for (const auto& [name, slot] : named_->statements) {
            if (slot.statement()) f(std::string_view(name), *slot.statement());
        }
    }
    /// Named statements.
    std::size_t size() const;
    /// Some statement exists on the present server connection only: its client must keep it.
    bool needs_its_server() const;

private:
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const {
            return std::hash<std::string_view>()(text);
        }
    };
    struct NamedSlot : StatementSlot {
        const std::string* name = nullptr;
    };
    using Slots = std::unordered_map<std::string, NamedSlot, Hash, std::equal_to<>>;
    using Portals = std::unordered_map<std::string, PreparedStatementPtr, Hash, std::equal_to<>>;
    struct Named {
        Slots statements;
        Portals portals;
        std::size_t text_bytes = 0;
        std::size_t unshared = 0;        ///< of the statements
        std::uint32_t deallocating = 0;  ///< DEALLOCATE ALLs without outcome
    };

    static std::string_view cut(std::string_view name) { return name.substr(0, kNameBytes); }
    void account(const PreparedStatementPtr& statement, int sign);
    void change(NamedSlot& slot, StatementStep& step, std::uint32_t section);
    void deallocated_all(StepOutcome outcome);
    void erase_if_over(StatementSlot& slot);
    void free_if_empty();

    StatementSlot unnamed_;
    PreparedStatementPtr unnamed_portal_;
    std::unique_ptr<Named> named_;
};

}  // namespace pgsidecar::proxy
