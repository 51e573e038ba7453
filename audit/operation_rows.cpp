#include "audit/operation_rows.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/log.hpp"
#include "model/statement_shape.hpp"

namespace pgsidecar::audit {
namespace {

constexpr std::string_view kSignature{"PGCOPY\n\377\r\n\0", 11};
constexpr std::uint16_t kColumns = 20;
/// Microseconds from 1970 to 2000, where PostgreSQL's time begins.
constexpr std::int64_t kPostgresEpochUs = 946'684'800'000'000;
constexpr std::int64_t kYear9999Us = 253'402'300'799'000'000;

/// A time that no clock ever showed becomes one that PostgreSQL can take.
std::int64_t since_2000(std::int64_t wall_us) {
    return std::clamp<std::int64_t>(wall_us, 0, kYear9999Us) - kPostgresEpochUs;
}

void put16(std::string& out, std::uint16_t value) {
    value = __builtin_bswap16(value);
    out.append(reinterpret_cast<const char*>(&value), sizeof value);
}
void put32(std::string& out, std::uint32_t value) {
    value = __builtin_bswap32(value);
    out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

bool parse_uuid(std::string_view text, base::Uuid& out) {
    if (text.size() != 36) return false;
    std::size_t digits = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (i == 8 || i == 13 || i == 18 || i == 23) {
            if (text[i] != '-') return false;
            continue;
        }
        const int value = hex_value(text[i]);
        if (value < 0) return false;
        auto& byte = out.bytes[digits / 2];
        byte = static_cast<std::uint8_t>(byte << 4 | value);
        ++digits;
    }
    return true;
}

std::string_view word(model::Outcome outcome) {
    switch (outcome) {
        case model::Outcome::Success: return "success";
        case model::Outcome::Failure: return "failure";
        case model::Outcome::Unknown: return "unknown";
    }
    return "unknown";
}

std::string ascii(std::string_view text) {
    std::string out(text);
    for (char& c : out) {
        if (static_cast<unsigned char>(c) >= 0x80) c = '?';
    }
    return out;
}

}  // namespace

OperationRows::OperationRows(bool ascii_only) : ascii_only_(ascii_only) {
    data_ = kSignature;
    put32(data_, 0);  // flags
    put32(data_, 0);  // header extension
}

void OperationRows::add(const StoredRecords& records) {
    OperationBody body(records.body);
    LoggedOperation operation;
    std::uint32_t read = 0;
    for (; body.next(operation); ++read) add_row(operation);
    if (!body.damaged() || read >= records.count) return;
    dropped_ += records.count - read;
    base::log::error("audit",
                     "Records of the operation log could not be read from the spool and are "
                     "left out; check the disk, and the spool with `pgsidecar spool verify`.",
                     {{"row", records.sequence}, {"records", records.count - read}});
}

void OperationRows::add_row(const LoggedOperation& operation) {
    put16(data_, kColumns);
    field({reinterpret_cast<const char*>(operation.id.bytes.data()), operation.id.bytes.size()});
    number(since_2000(operation.start_us));
    number(operation.duration_us);
    number(operation.pool_wait_us);
    uuid_or_null(operation.connection_id);
    uuid_or_null(operation.session_id);
    field(model::operation_type(operation.kind));
    field(to_string(operation.kind));
    text_or_null(operation.table);
    text_or_null(operation.service);
    text_or_null(operation.user);
    text_or_null(operation.database);
    const auto fingerprint = std::bit_cast<std::int64_t>(operation.fingerprint);
    if (operation.has_shape) {
        number(fingerprint);
    } else {
        null();
    }
    field(std::string_view(operation.outcome == model::Outcome::Success ? "\1" : "\0", 1));
    field(word(operation.outcome));
    text_or_null(operation.sqlstate);
    text_or_null(operation.error);
    if (operation.affected_rows >= 0) {
        number(operation.affected_rows);
    } else {
        null();
    }
    number(static_cast<std::int64_t>(operation.rows_returned));
    number(static_cast<std::int64_t>(operation.bytes_returned));
    ++count_;
    if (!operation.has_shape) return;
    auto [it, fresh] = statements_.try_emplace(fingerprint);
    if (fresh) it->second = ascii_only_ ? ascii(operation.text) : std::string(operation.text);
}

std::string_view OperationRows::data() {
    if (!ended_) put16(data_, 0xffff);
    ended_ = true;
    return data_;
}

void OperationRows::field(std::string_view bytes) {
    put32(data_, static_cast<std::uint32_t>(bytes.size()));
    data_ += bytes;
}

void OperationRows::text(std::string_view value) {
    if (ascii_only_) {
        field(ascii(value));
    } else {
        field(value);
    }
}

void OperationRows::text_or_null(std::string_view value) {
    if (value.empty()) {
        null();
    } else {
        text(value);
    }
}

void OperationRows::number(std::int64_t value) {
    const auto bits = __builtin_bswap64(std::bit_cast<std::uint64_t>(value));
    field({reinterpret_cast<const char*>(&bits), sizeof bits});
}

void OperationRows::uuid_or_null(std::string_view value) {
    base::Uuid id;
    if (parse_uuid(value, id)) {
        field({reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()});
    } else {
        null();
    }
}

void OperationRows::null() { put32(data_, 0xffffffffU); }

}  // namespace pgsidecar::audit
