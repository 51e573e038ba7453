#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "protocol/auth/md5_password.hpp"
#include "protocol/auth/scram_secret.hpp"
#include "protocol/auth/scram_server.hpp"
#include "tests/support/proxy_script/model_sql.hpp"

namespace pgsidecar::test {

/// One backend of the model database: bytes of a client in, a PostgreSQL server's answers out.
class ModelServer {
public:
    explicit ModelServer(ModelWorld& world) : world_(world), sql_(world) {}

    /// Works off what has come in.
    void work() {
        while (!hung_up && !stalled_ && world_.answers && step()) {
        }
    }
    /// A CancelRequest for this backend: ends what runs, if anything does.
    void cancel() {
        if (!stalled_) return;
        stalled_ = false;
        SqlResult result = sql_.fail(out, "57014", "canceling statement due to user request");
        after(result);
        work();
    }

    std::string in, out;
    std::uint32_t pid = 0;
    std::string secret;
    std::string user;
    bool hung_up = false;  ///< closes its end once out has gone over
    bool is_cancel = false;
    bool encrypted = false;
    int statements = 0;
    std::string log;                 ///< the type of every message taken
    std::vector<std::string> texts;  ///< of every statement run
    /// What a setting was when the statement of this name was parsed.
    std::string parsed_under(const std::string& name, const std::string& guc) const {
        auto it = parsed_under_.find(name);
        if (it == parsed_under_.end()) return "not parsed";
        return it->second.contains(guc) ? it->second.at(guc) : "not set";
    }
    const ModelSql& sql() const { return sql_; }
    bool stalled() const { return stalled_; }

private:
    bool step() {
        if (!started_) return start();
        if (in.size() < 5) return false;
        std::size_t length = base::load_be32(base::as_bytes(in).data() + 1);
        if (in.size() < length + 1) return false;
        Message message{in[0], in.substr(5, length - 4)};
        in.erase(0, length + 1);
        log.push_back(message.type);
        logged_in_ ? on_message(message) : on_password(message);
        return true;
    }

    // ---- login
    bool start() {
        if (in.size() < 8) return false;
        std::size_t length = base::load_be32(base::as_bytes(in).data());
        if (in.size() < length) return false;
        std::uint32_t code = base::load_be32(base::as_bytes(in).data() + 4);
        std::string body = in.substr(8, length - 8);
        in.erase(0, length);
        if (code == 80877103) {
            out += world_.tls ? 'S' : 'N';
            encrypted = world_.tls;
            return true;
        }
        if (code == 80877102) {
            is_cancel = true;
            hung_up = world_.cancel_door == ModelWorld::Door::Open;
            std::uint32_t target = base::load_be32(base::as_bytes(body).data());
            bool right = world_.on_cancel && world_.on_cancel(target, body.substr(4));
            world_.cancels.push_back({target, right});
            return false;
        }
        started_ = true;
        user = body.substr(5, body.find('\0', 5) - 5);  // behind "user" and its zero
        if (encrypted ? world_.refuses_tls : world_.refuses_plain) return refuse("28000");
        if (!world_.login_error.empty()) return refuse(world_.login_error);
        challenge();
        return true;
    }
    bool refuse(const std::string& sqlstate) {
        out += error_response("FATAL", sqlstate, "the model refuses this login");
        hung_up = true;
        return false;
    }
    void challenge() {
        switch (world_.login) {
            case ModelWorld::Login::Trust: return welcome();
            case ModelWorld::Login::Md5: out += authentication(5, "salt"); return;
            case ModelWorld::Login::Scram:
                out += authentication(10, zero_ended("SCRAM-SHA-256") + '\0');
                return;
        }
    }
    void on_password(const Message& message) {
        bool right = false;
        if (world_.login == ModelWorld::Login::Md5) {
            auto stored = protocol::md5_stored(user, world_.password);
            auto salt = base::as_bytes("salt");
            auto expected = protocol::md5_response(*stored, salt.first<4>());
            right = message.payload == zero_ended(*expected);
        } else if (!scram_) {
            auto secret_key = protocol::derive_scram_secret(world_.password,
                                                            base::as_bytes("0123456789abcdef"), 16);
            scram_ = std::make_unique<protocol::ScramServer>(*secret_key, "modelnonce");
            std::size_t zero = message.payload.find('\0');
            auto reply = scram_->start(message.payload.substr(0, zero),
                                       std::string_view(message.payload).substr(zero + 5));
            if (reply.has_value()) {
                out += authentication(11, reply->data);
                return;
            }
        } else if (auto reply = scram_->step(message.payload)) {
            out += authentication(12, reply->data);
            right = true;
        }
        if (right) return welcome();
        refuse("28P01");
    }
    void welcome() {
        logged_in_ = true;
        pid = world_.next_pid++;
        secret = be32(pid * 7919);
        out += authentication(0);
        for (const auto& [name, value] : world_.reported) out += parameter_status(name, value);
        out += typed('K', be32(pid) + secret) + ready();
    }

    // ---- messages
    void on_message(const Message& message) {
        if (copying_) return on_copy(message);
        if (skipping_ && message.type != 'S' && message.type != 'X') return;
        switch (message.type) {
            case 'Q': return simple(message.payload.substr(0, message.payload.size() - 1));
            case 'X': hung_up = true; return;
            case 'S':
                skipping_ = false;
                out += ready(sql_.status());
                return;
            case 'P': {
                std::size_t end = message.payload.find('\0');
                parsed_under_[message.payload.substr(0, end)] = sql_.gucs();
                statements_[message.payload.substr(0, end)] =
                    std::string(message.payload.c_str() + end + 1);
                out += typed('1');
                return;
            }
            case 'B': return on_bind(message.payload);
            case 'D':
                if (message.payload[0] == 'S') out += typed('t', be16(0));
                out += returns_rows(message) ? row_description("v") : typed('n');
                return;
            case 'C': out += typed('3'); return;
            case 'E':
                in_simple_ = false;
                after(run(portals_[std::string(message.payload.c_str())], false));
                return;
            case 'F': out += typed('V', be32(0)) + ready(sql_.status()); return;
            default: return;  // Flush; what is left of a COPY
        }
    }
    void on_bind(const std::string& payload) {
        std::string portal = payload.c_str(), statement = payload.c_str() + portal.size() + 1;
        auto it = statements_.find(statement);
        if (it == statements_.end()) {
            in_simple_ = false;
            return after(sql_.fail(out, "26000", "prepared statement does not exist"));
        }
        portals_[portal] = it->second;
        out += typed('2');
    }
    bool returns_rows(const Message& message) {
        std::string name = message.payload.c_str() + 1;
        const std::string& text = message.payload[0] == 'S' ? statements_[name] : portals_[name];
        return text.starts_with("SELECT") || text.starts_with("SHOW");
    }
    SqlResult run(const std::string& text, bool is_simple) {
        ++statements;
        texts.push_back(text);
        return sql_.run(text, is_simple, out);
    }
    void simple(const std::string& text) {
        in_simple_ = true;
        rest_ = text;
        if (rest_.empty()) out += typed('I');
        next_simple();
    }
    /// Statements of a simple Query stand between semicolons; an error ends them all.
    void next_simple() {
        while (!rest_.empty()) {
            std::size_t end = rest_.find(';');
            std::string one = rest_.substr(0, end);
            rest_.erase(0, end == std::string::npos ? end : end + 1);
            SqlResult result = run(one, true);
            if (result != SqlResult::Done) return after(result);
        }
        out += ready(sql_.status());
    }
    void after(SqlResult result) {
        switch (result) {
            case SqlResult::Done:
                if (in_simple_) next_simple();
                return;
            case SqlResult::Failed:
                if (in_simple_) {
                    rest_.clear();
                    out += ready(sql_.status());
                } else {
                    skipping_ = true;
                }
                return;
            case SqlResult::CopyIn: copying_ = true; return;
            case SqlResult::Stalled: stalled_ = true; return;
            case SqlResult::HungUp: hung_up = true; return;
        }
    }
    void on_copy(const Message& message) {
        if (message.type == 'd') ++copied_;
        if (message.type != 'c' && message.type != 'f') return;  // Flush and Sync are ignored
        copying_ = false;
        int count = std::exchange(copied_, 0);
        if (message.type == 'f') return after(sql_.fail(out, "57014", "COPY from stdin failed"));
        out += complete("COPY " + std::to_string(count));
        after(SqlResult::Done);
    }

    ModelWorld& world_;
    ModelSql sql_;
    std::unique_ptr<protocol::ScramServer> scram_;
    std::map<std::string, std::string> statements_, portals_;
    std::map<std::string, std::map<std::string, std::string>> parsed_under_;
    std::string rest_;
    int copied_ = 0;
    bool started_ = false, logged_in_ = false;
    bool in_simple_ = false, skipping_ = false, copying_ = false, stalled_ = false;
};

}  // namespace pgsidecar::test
