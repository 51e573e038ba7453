#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Builds PostgreSQL protocol 3 messages as plain strings, right or deliberately wrong.
/// Written apart from protocol/, so that a mistake there cannot hide itself.
namespace pgsidecar::test::wire {

inline constexpr std::uint32_t kProtocol30 = 196608;
inline constexpr std::uint32_t kSslRequest = 80877103;
inline constexpr std::uint32_t kGssEncRequest = 80877104;
inline constexpr std::uint32_t kCancelRequest = 80877102;

using Parameters = std::vector<std::pair<std::string, std::string>>;

std::string be16(int value);
std::string be32(std::uint32_t value);
std::string cstr(std::string_view text);
/// A typed message with its true length.
std::string message(char type, std::string_view body = {});
/// A typed message that claims another length, given as the field's own value.
std::string message_claiming(char type, std::uint32_t length, std::string_view body = {});
/// An untyped start-up packet: length, code, rest.
std::string packet(std::uint32_t code, std::string_view rest = {});

// Frontend.
std::string startup(const Parameters& parameters, std::uint32_t version = kProtocol30);
std::string cancel_request(std::uint32_t pid, std::uint32_t key);
std::string password(std::string_view text);
std::string query(std::string_view sql);
std::string parse(std::string_view name, std::string_view sql);
std::string bind(std::string_view portal, std::string_view statement,
                 const std::vector<std::optional<std::string>>& text_parameters = {});
std::string describe(char kind, std::string_view name);
std::string close(char kind, std::string_view name);
std::string execute(std::string_view portal, std::uint32_t max_rows = 0);
std::string sync();
std::string flush();
std::string terminate();
std::string copy_data(std::string_view data);
std::string copy_done();
std::string copy_fail(std::string_view reason);
std::string function_call(std::uint32_t oid, const std::vector<std::string>& text_arguments);

// Backend.
std::string auth(std::uint32_t code, std::string_view rest = {});
std::string auth_ok();
std::string parameter_status(std::string_view name, std::string_view value);
std::string backend_key_data(std::uint32_t pid, std::uint32_t key);
std::string ready(char status = 'I');
std::string error(std::string_view sqlstate, std::string_view text,
                  std::string_view severity = "ERROR");
std::string row_description(const std::vector<std::string>& text_columns);
std::string data_row(const std::vector<std::optional<std::string>>& values);
std::string command_complete(std::string_view tag);

struct Message {
    char type = 0;
    std::string body;
};

/// Field `code` of an ErrorResponse or NoticeResponse, empty when absent.
std::string field(const Message& message, char code);
std::uint32_t load32(std::string_view at);
/// One readable line for a backend message; values that differ by nature (keys, pids) are left out.
std::string to_line(const Message& message);

}  // namespace pgsidecar::test::wire
