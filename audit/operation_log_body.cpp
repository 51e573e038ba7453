#include "audit/operation_log_body.hpp"

#include <algorithm>
#include <cstring>
#include <unordered_map>

#include "model/json_object.hpp"

namespace pgsidecar::audit {
namespace {

constexpr std::uint8_t kOutcomeBits = 3;
constexpr std::uint8_t kHasSqlstate = 4;
constexpr std::uint8_t kHasError = 8;
constexpr std::int64_t kNsPerUs = 1'000;

void put_number(std::string& out, std::uint64_t value) {
    while (value >= 0x80) {
        out += static_cast<char>(value | 0x80);
        value >>= 7;
    }
    out += static_cast<char>(value);
}

std::uint64_t zigzag(std::int64_t value) {
    return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
}

/// a - b that may wrap; sum() undoes it.
std::int64_t difference(std::int64_t a, std::int64_t b) {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}
std::int64_t sum(std::int64_t a, std::int64_t b) {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}

std::int64_t unzigzag(std::uint64_t value) {
    return static_cast<std::int64_t>((value >> 1) ^ (~(value & 1) + 1));
}

std::uint64_t not_negative(std::int64_t value) {
    return value < 0 ? 0 : static_cast<std::uint64_t>(value);
}

void put_text(std::string& out, std::string_view text) {
    const bool plain = std::ranges::all_of(
        text, [](char c) { return c != '\0' && static_cast<unsigned char>(c) < 0x80; });
    if (plain) {
        put_number(out, text.size());
        out += text;
        return;
    }
    std::string repaired = model::valid_utf8(text);
    std::erase(repaired, '\0');
    put_number(out, repaired.size());
    out += repaired;
}

/// Things that many records share, written once; number 0 stands for none.
template <class T>
class Table {
public:
    template <class Write>
    std::uint64_t number_of(const T* thing, Write write) {
        if (thing == nullptr) return 0;
        if (thing == last_) return last_number_;
        auto [it, fresh] = numbers_.try_emplace(thing, numbers_.size() + 1);
        if (fresh) write(body_, *thing);
        last_ = thing;
        return last_number_ = it->second;
    }
    void append_to(std::string& out) const {
        put_number(out, numbers_.size());
        out += body_;
    }

private:
    std::unordered_map<const T*, std::uint64_t> numbers_;
    std::string body_;
    const T* last_ = nullptr;
    std::uint64_t last_number_ = 0;
};

void write_source(std::string& out, const model::OperationSource& source) {
    put_text(out, source.connection_id);
    put_text(out, source.session_id);
    put_text(out, source.service);
    put_text(out, source.user);
    put_text(out, source.database);
}

void write_shape(std::string& out, const model::StatementShape& shape) {
    out.append(reinterpret_cast<const char*>(&shape.fingerprint), sizeof shape.fingerprint);
    out += static_cast<char>(shape.kind);
    put_text(out, shape.text);
    put_text(out, shape.table);
}

void write_ending(std::string& out, const model::OperationRecord& record) {
    const std::string_view state(record.sqlstate.data(), record.sqlstate.size());
    const auto* end = std::find(record.error.begin(), record.error.end(), '\0');
    const std::string_view error(record.error.data(),
                                 static_cast<std::size_t>(end - record.error.begin()));
    const bool has_state = state != "00000";
    auto flags = static_cast<std::uint8_t>(record.outcome);
    if (has_state) flags |= kHasSqlstate;
    if (!error.empty()) flags |= kHasError;
    out += static_cast<char>(flags);
    if (has_state) put_text(out, state);
    if (!error.empty()) put_text(out, error);
}

bool is_sqlstate(std::string_view text) {
    return text.size() == 5 && std::ranges::all_of(text, [](char c) {
               return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z');
           });
}

}  // namespace

std::string encode_operations(std::span<const model::OperationRecord* const> records) {
    Table<model::OperationSource> sources;
    Table<model::StatementShape> shapes;
    std::string body;
    body.reserve(records.size() * 64);
    std::int64_t last_start_us = 0;
    for (const auto* record : records) {
        body.append(reinterpret_cast<const char*>(record->id.bytes.data()),
                    record->id.bytes.size());
        put_number(body, sources.number_of(record->source.get(), write_source));
        put_number(body, shapes.number_of(record->shape.get(), write_shape));
        put_number(body, zigzag(difference(record->start_us, last_start_us)));
        last_start_us = record->start_us;
        put_number(body, not_negative(record->duration_ns / kNsPerUs));
        put_number(body, not_negative(record->pool_wait_ns / kNsPerUs));
        put_number(body, not_negative(sum(record->affected_rows, 1)));
        put_number(body, record->rows_returned);
        put_number(body, record->bytes_returned);
        write_ending(body, *record);
    }
    std::string out(1, OperationBody::kVersion);
    sources.append_to(out);
    shapes.append_to(out);
    put_number(out, records.size());
    return out += body;
}

OperationBody::OperationBody(std::string_view body) : rest_(body) {
    std::string_view version;
    damaged_ = !take(1, version) || version[0] != kVersion || !read_tables() || !count(records_);
}

bool OperationBody::next(LoggedOperation& out) {
    if (damaged_) return false;
    if (records_ == 0) {
        damaged_ = !rest_.empty();
        return false;
    }
    --records_;
    out = {};
    if (read_record(out)) return true;
    damaged_ = true;
    return false;
}

bool OperationBody::read_tables() {
    std::uint64_t size = 0;
    if (!count(size)) return false;
    for (std::uint64_t i = 0; i < size; ++i) {
        Source& source = sources_.emplace_back();
        if (!text(source.connection_id) || !text(source.session_id) || !text(source.service) ||
            !text(source.user) || !text(source.database)) {
            return false;
        }
    }
    if (!count(size)) return false;
    for (std::uint64_t i = 0; i < size; ++i) {
        Shape& shape = shapes_.emplace_back();
        std::string_view fingerprint, kind;
        if (!take(sizeof shape.fingerprint, fingerprint) || !take(1, kind) || !text(shape.text) ||
            !text(shape.table)) {
            return false;
        }
        std::memcpy(&shape.fingerprint, fingerprint.data(), fingerprint.size());
        const auto value = static_cast<std::uint8_t>(kind[0]);
        if (value > static_cast<std::uint8_t>(model::StatementKind::Unknown)) return false;
        shape.kind = static_cast<model::StatementKind>(value);
    }
    return true;
}

bool OperationBody::read_record(LoggedOperation& out) {
    std::string_view id, flags;
    std::uint64_t source = 0, shape = 0, start = 0, duration = 0, wait = 0, affected = 0;
    if (!take(out.id.bytes.size(), id) || !number(source) || !number(shape) || !number(start) ||
        !number(duration) || !number(wait) || !number(affected) || !number(out.rows_returned) ||
        !number(out.bytes_returned) || !take(1, flags)) {
        return false;
    }
    if (source > sources_.size() || shape > shapes_.size()) return false;
    std::memcpy(out.id.bytes.data(), id.data(), id.size());
    if (source > 0) {
        const Source& from = sources_[source - 1];
        out.connection_id = from.connection_id;
        out.session_id = from.session_id;
        out.service = from.service;
        out.user = from.user;
        out.database = from.database;
    }
    if (shape > 0) {
        const Shape& of = shapes_[shape - 1];
        out.has_shape = true;
        out.fingerprint = of.fingerprint;
        out.kind = of.kind;
        out.text = of.text;
        out.table = of.table;
    }
    last_start_us_ = sum(last_start_us_, unzigzag(start));
    out.start_us = last_start_us_;
    out.duration_us = static_cast<std::int64_t>(duration);
    out.pool_wait_us = static_cast<std::int64_t>(wait);
    out.affected_rows = sum(static_cast<std::int64_t>(affected), -1);
    const auto bits = static_cast<std::uint8_t>(flags[0]);
    if ((bits & kOutcomeBits) > static_cast<std::uint8_t>(model::Outcome::Unknown)) return false;
    out.outcome = static_cast<model::Outcome>(bits & kOutcomeBits);
    if ((bits & kHasSqlstate) != 0) {
        if (!text(out.sqlstate)) return false;
        if (!is_sqlstate(out.sqlstate)) out.sqlstate = {};
    }
    return (bits & kHasError) == 0 || text(out.error);
}

bool OperationBody::take(std::size_t size, std::string_view& out) {
    if (rest_.size() < size) return false;
    out = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return true;
}

bool OperationBody::number(std::uint64_t& out) {
    out = 0;
    for (unsigned shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
        const auto byte = static_cast<std::uint8_t>(rest_.front());
        rest_.remove_prefix(1);
        out |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
        if ((byte & 0x80) == 0) return true;
    }
    return false;
}

/// A number of things that follow, each of at least a byte.
bool OperationBody::count(std::uint64_t& out) { return number(out) && out <= rest_.size(); }

bool OperationBody::text(std::string_view& out) {
    std::uint64_t size = 0;
    return number(size) && size <= rest_.size() && take(static_cast<std::size_t>(size), out);
}

}  // namespace pgsidecar::audit
