#include "tests/fault/soak_lib/session.hpp"

#include <arpa/inet.h>
#include <poll.h>

#include <array>
#include <cstring>
#include <utility>

#include "tests/fault/soak_lib/journal.hpp"

namespace pgsidecar::test::soak {

namespace {

constexpr auto kPatience = 30s;  // far above any outage of a plan
constexpr Oid kInt4 = 23, kText = 25;
constexpr const char* kInsert =
    "insert into audit_logs (client, number, payload) values ($1, $2, $3)";
constexpr const char* kName = "write_row";

/// The three parameters of an INSERT in the shape that libpq wants.
class Parameters {
public:
    Parameters(int client, int number, Format format)
        : binary_(format == Format::Binary),
          words_{encode(client), encode(number), payload_of(client, number)} {
        for (std::size_t i = 0; i < words_.size(); ++i) {
            values_[i] = words_[i].data();
            lengths_[i] = static_cast<int>(words_[i].size());
            formats_[i] = binary_ ? 1 : 0;
        }
    }
    Parameters(const Parameters&) = delete;
    Parameters& operator=(const Parameters&) = delete;

    const char* const* values() const { return values_.data(); }
    const int* lengths() const { return lengths_.data(); }
    const int* formats() const { return formats_.data(); }

private:
    std::string encode(int number) const {
        if (!binary_) return std::to_string(number);
        std::uint32_t wire = htonl(static_cast<std::uint32_t>(number));
        std::string bytes(4, '\0');
        std::memcpy(bytes.data(), &wire, 4);
        return bytes;
    }

    bool binary_;
    std::array<std::string, 3> words_;
    std::array<const char*, 3> values_{};
    std::array<int, 3> lengths_{}, formats_{};
};

constexpr std::array<Oid, 3> kTypes{kInt4, kInt4, kText};

std::string quoted(const std::string& text) {
    std::string out = "'";
    for (char c : text) {
        if (c == '\'') out += '\'';
        out += c;
    }
    return out + "'";
}

}  // namespace

std::string Reply::in_words() const {
    if (silent) return "no answer";
    if (failed && !sqlstate.empty()) return sqlstate + " " + text;
    if (lost || failed) return "connection lost (" + text + ")";
    return tag;
}

std::string Session::insert_text(int client, int number) {
    return "insert into audit_logs (client, number, payload) values (" + std::to_string(client) +
           ", " + std::to_string(number) + ", " + quoted(payload_of(client, number)) + ")";
}

std::optional<Session> Session::connect(const std::string& conninfo, std::string& why) {
    Session session(PQconnectStart(conninfo.c_str()));
    PGconn* c = session.connection_.get();
    // Set before the login, during which a server may say goodbye.
    PQsetNoticeReceiver(
        c, [](void*, const PGresult*) {}, nullptr);
    Deadline deadline = kPatience;
    auto state = PQstatus(c) == CONNECTION_BAD ? PGRES_POLLING_FAILED : PGRES_POLLING_WRITING;
    while (state == PGRES_POLLING_READING || state == PGRES_POLLING_WRITING) {
        pollfd p{PQsocket(c), static_cast<short>(state == PGRES_POLLING_READING ? POLLIN : POLLOUT),
                 0};
        if (::poll(&p, 1, deadline.poll_ms()) <= 0) break;
        state = PQconnectPoll(c);
    }
    if (state == PGRES_POLLING_OK) return session;
    why = state == PGRES_POLLING_FAILED ? PQerrorMessage(c) : "the login is not answered";
    return std::nullopt;
}

bool Session::answered() {
    Deadline deadline = kPatience;
    while (PQisBusy(connection_.get()) == 1) {
        pollfd p{PQsocket(connection_.get()), POLLIN, 0};
        if (::poll(&p, 1, deadline.poll_ms()) <= 0) return false;
        if (PQconsumeInput(connection_.get()) != 1) return true;
    }
    return true;
}

Session::Taken Session::take(Reply& reply) {
    if (!answered()) {
        reply.silent = true;
        return Taken::Silence;
    }
    PGresult* next = PQgetResult(connection_.get());
    if (next == nullptr) return Taken::Nothing;
    PqResult result(next);
    if (result.status() == PGRES_PIPELINE_SYNC) return Taken::Sync;
    if (result.ok()) {
        reply.tag = PQcmdStatus(result.get());
        if (PQntuples(result.get()) > 0) reply.value = result.value();
    } else if (!reply.failed && result.status() != PGRES_PIPELINE_ABORTED) {
        reply.failed = true;
        reply.sqlstate = result.sqlstate();
        reply.text = result.field(PG_DIAG_MESSAGE_PRIMARY);
        if (reply.text.empty()) reply.text = result.message();
    }
    return Taken::Result;
}

Reply Session::collect() {
    Reply reply;
    Taken taken = Taken::Result;
    while (taken == Taken::Result) taken = take(reply);
    reply.lost = !connected();
    return reply;
}

Reply Session::collect_pipeline() {
    Reply reply;
    Taken before = Taken::Result, taken = Taken::Result;
    while (taken != Taken::Sync && taken != Taken::Silence && connected()) {
        before = std::exchange(taken, take(reply));
        // Each statement's results end with nothing; twice nothing comes of a lost connection.
        if (taken == Taken::Nothing && before == Taken::Nothing) break;
    }
    reply.lost = !connected() || taken != Taken::Sync;
    if (!reply.lost) PQexitPipelineMode(connection_.get());
    return reply;
}

Reply Session::simple(const std::string& sql) {
    PQsendQuery(connection_.get(), sql.c_str());
    return collect();
}

Reply Session::insert_simple(int client, int number) { return simple(insert_text(client, number)); }

Reply Session::insert_parameters(int client, int number, Format format, bool typed) {
    Parameters p(client, number, format);
    // Binary values need their types only where the server could guess others; it does not here.
    PQsendQueryParams(connection_.get(), kInsert, 3, typed ? kTypes.data() : nullptr, p.values(),
                      p.lengths(), p.formats(), 0);
    return collect();
}

Reply Session::insert_prepared(int client, int number, Format format, bool describe,
                               bool& reached) {
    reached = false;
    if (!prepared_) {
        PQsendPrepare(connection_.get(), kName, kInsert, 0, nullptr);
        Reply reply = collect();
        if (!reply.good()) return reply;
        prepared_ = true;
    }
    if (describe) {
        PQsendDescribePrepared(connection_.get(), kName);
        Reply reply = collect();
        if (!reply.good()) return reply;
    }
    reached = true;
    Parameters p(client, number, format);
    PQsendQueryPrepared(connection_.get(), kName, 3, p.values(), p.lengths(), p.formats(), 0);
    return collect();
}

Reply Session::insert_pipeline(int client, int first, int count, Format format) {
    PGconn* c = connection_.get();
    PQenterPipelineMode(c);
    for (int i = 0; i < count; ++i) {
        Parameters p(client, first + i, format);
        PQsendQueryParams(c, kInsert, 3, nullptr, p.values(), p.lengths(), p.formats(), 0);
    }
    PQpipelineSync(c);
    return collect_pipeline();
}

}  // namespace pgsidecar::test::soak
