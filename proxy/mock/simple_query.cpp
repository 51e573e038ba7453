#include <optional>
#include <utility>

#include "protocol/messages/backend_encode.hpp"
#include "protocol/messages/frontend_decode.hpp"
#include "protocol/messages/message_types.hpp"
#include "protocol/messages/sqlstate.hpp"
#include "proxy/mock/executor.hpp"
#include "proxy/mock/mock_server.hpp"
#include "proxy/mock/mock_server_state.hpp"
#include "proxy/mock/reply_writer.hpp"

/// MockServer's simple protocol, and COPY, which both protocols share.
namespace pgsidecar::proxy::mock {

namespace sqlstate = protocol::sqlstate;

namespace {

/// The signature, no flags, no extension, and the end: a binary COPY without a row.
constexpr std::string_view kEmptyBinaryCopy{
    "PGCOPY\n\377\r\n\0"
    "\0\0\0\0"
    "\0\0\0\0"
    "\377\377",
    21};

}  // namespace

void MockServer::on_query(base::Bytes payload, std::string& out) {
    auto text = protocol::decode_query(payload);
    connection_.kept.portals.erase("");
    if (!text) {
        simple_ = std::make_unique<Simple>("", sql::Backslash::Plain);
        return fail(sqlstate::kProtocolViolation, "invalid Query message", out);
    }
    const sql::Backslash backslash = connection_.backslash();
    simple_ = std::make_unique<Simple>(std::string(*text), backslash);
    // As in PostgreSQL, nothing runs when one of them cannot be parsed.
    StatementSplitter splitter = simple_->splitter;
    bool empty = true;
    while (auto statement = splitter.next()) {
        empty = false;
        if (auto refusal = check_.refusal(*statement, backslash)) return fail(*refusal, out);
    }
    if (empty) protocol::append_empty_query_response(out);
}

void MockServer::next_simple(std::string& out) {
    auto statement = simple_->splitter.next();
    if (!statement) {
        simple_.reset();
        return ready(out);
    }
    Result result = run_statement(connection_, *statement, {}, {});
    send_result(result, out);
}

void MockServer::send_result(Result& result, std::string& out) {
    append_notices(out, result.notices);
    if (result.error) return fail(*result.error, out);
    if (result.copy == Result::Copy::In) return begin_copy(result, out);
    if (result.copy == Result::Copy::Out) return end_copy_out(result, out);
    if (result.has_rows) append_row_description(out, result.columns, nullptr);
    for (const auto& row : result.rows) append_data_row(out, row, nullptr);
    std::string tag = result.tag;
    if (result.counts_rows) tag += ' ' + std::to_string(result.rows.size());
    protocol::append_command_complete(out, tag);
}

void MockServer::begin_copy(const Result& result, std::string& out) {
    append_copy_response(out, protocol::kCopyInResponse, result);
    auto form = result.copy_binary ? CopyCounter::Form::Binary
                : result.copy_csv  ? CopyCounter::Form::Csv
                                   : CopyCounter::Form::Text;
    CopyCounter counter(form, result.copy_header);
    copy_ = std::make_unique<CopyIn>(CopyIn{counter});
}

void MockServer::end_copy_out(const Result& result, std::string& out) {
    append_copy_response(out, protocol::kCopyOutResponse, result);
    if (result.copy_binary) append_copy_data(out, kEmptyBinaryCopy);
    append_bare(out, protocol::kCopyDone);
    protocol::append_command_complete(out, "COPY 0");
}

void MockServer::on_copy_frame(const protocol::Frame& frame, std::string& out) {
    switch (frame.type) {
        case 'd': copy_->counter.take(frame.payload); return;
        case 'c': {
            auto rows = copy_->counter.rows();
            copy_.reset();
            return protocol::append_command_complete(out, "COPY " + std::to_string(rows));
        }
        case 'f':
            copy_.reset();
            dropping_ = !frame.last;
            return fail(sqlstate::kQueryCanceled, "COPY from stdin failed", out);
        case 'H':
        case 'S': return;  // ignored during COPY (manual, "COPY Operations")
        case 'X': hung_up_ = true; return;
        default:
            return hang_up(out, sqlstate::kProtocolViolation,
                           "unexpected message type during COPY from stdin");
    }
}

}  // namespace pgsidecar::proxy::mock
