#include "audit/spool_pages.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>

namespace pgsidecar::audit {
namespace {

constexpr std::size_t kPageBytes = 4'096;  // what the spool makes
constexpr std::size_t kFileHeader = 100, kLogHeader = 32, kFrameHeader = 24;
constexpr unsigned char kTableLeaf = 0x0d, kIndexLeaf = 0x0a;
constexpr std::size_t kMaxRowBytes = 1'000'000'000;

std::string read_whole(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

std::uint64_t big_endian(std::string_view bytes) {
    std::uint64_t value = 0;
    for (const char c : bytes) value = value << 8 | static_cast<unsigned char>(c);
    return value;
}

/// Takes a varint off the front; nothing when the text ends before it.
std::optional<std::uint64_t> take_varint(std::string_view& text) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < 9 && i < text.size(); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        const bool last = i == 8 || byte < 0x80;
        value = i == 8 ? value << 8 | byte : value << 7 | (byte & 0x7f);
        if (!last) continue;
        text.remove_prefix(i + 1);
        return value;
    }
    return std::nullopt;
}

/// Takes a value of this serial type off the front of the body. False: it does not fit, or is a
/// floating-point number, which the spool does not have.
bool take_value(std::uint64_t type, std::string_view& body, SpoolCell::Value& out) {
    constexpr std::array<std::size_t, 7> kNumberBytes{0, 1, 2, 3, 4, 6, 8};
    if (type == 8 || type == 9) {
        out = {true, static_cast<std::int64_t>(type - 8), {}};
        return true;
    }
    if (type == 7 || type == 10 || type == 11) return false;
    const std::uint64_t size = type < 7 ? kNumberBytes[type] : (type - 12) / 2;
    if (size > body.size()) return false;
    const std::string_view bytes = body.substr(0, size);
    body.remove_prefix(size);
    if (type >= 12) {
        out = {false, 0, bytes};
        return true;
    }
    std::uint64_t number = big_endian(bytes);
    if (size > 0 && size < 8 && (number >> (size * 8 - 1) & 1) != 0) number |= ~0ULL << (size * 8);
    out = {type != 0, static_cast<std::int64_t>(number), {}};
    return true;
}

bool read_record(std::string_view record, std::vector<SpoolCell::Value>& out) {
    out.clear();
    std::string_view rest = record;
    const auto header_bytes = take_varint(rest);
    if (!header_bytes || *header_bytes > record.size() ||
        *header_bytes < record.size() - rest.size())
        return false;
    std::string_view types =
        record.substr(record.size() - rest.size(), *header_bytes - (record.size() - rest.size()));
    std::string_view body = record.substr(*header_bytes);
    while (!types.empty()) {
        const auto type = take_varint(types);
        if (!type || !take_value(*type, body, out.emplace_back())) return false;
    }
    return body.empty();
}

}  // namespace

SpoolPages::SpoolPages(const std::string& database, const std::string& log)
    : database_(read_whole(database)), log_(read_whole(log)), page_bytes_(kPageBytes) {
    for (std::size_t at = kLogHeader; at + kFrameHeader + page_bytes_ <= log_.size();
         at += kFrameHeader + page_bytes_) {
        const auto number = static_cast<std::uint32_t>(big_endian({log_.data() + at, 4}));
        logged_[number] = at + kFrameHeader;
    }
}

void SpoolPages::table_rows(const Visit& visit) const { rows(kTableLeaf, visit); }

void SpoolPages::index_rows(const Visit& visit) const { rows(kIndexLeaf, visit); }

void SpoolPages::rows(unsigned char leaf_type, const Visit& visit) const {
    // The log first: it is newer.
    for (std::size_t at = kLogHeader + kFrameHeader; at + page_bytes_ <= log_.size();
         at += kFrameHeader + page_bytes_)
        page_rows(std::string_view(log_).substr(at, page_bytes_), false, leaf_type, visit);
    for (std::size_t at = 0; at + page_bytes_ <= database_.size(); at += page_bytes_)
        page_rows(std::string_view(database_).substr(at, page_bytes_), at == 0, leaf_type, visit);
}

void SpoolPages::page_rows(std::string_view page, bool first, unsigned char leaf_type,
                           const Visit& visit) const {
    const std::string_view head = page.substr(first ? kFileHeader : 0);
    if (static_cast<unsigned char>(head[0]) != leaf_type) return;
    const std::size_t cells = big_endian(head.substr(3, 2));
    if (8 + cells * 2 > head.size()) return;
    SpoolCell cell;
    std::string whole;
    for (std::size_t i = 0; i < cells; ++i) {
        const std::size_t at = big_endian(head.substr(8 + i * 2, 2));
        if (at < 8 || at >= page.size()) continue;
        if (read_cell(page.substr(at), leaf_type == kTableLeaf, whole, cell)) visit(cell);
    }
}

bool SpoolPages::read_cell(std::string_view cell, bool is_table, std::string& whole,
                           SpoolCell& out) const {
    const auto size = take_varint(cell);
    if (!size || *size > kMaxRowBytes) return false;
    if (is_table) {
        const auto row = take_varint(cell);
        if (!row) return false;
        out.row = static_cast<std::int64_t>(*row);
    }
    // How much of a large row lies in the leaf (1.6, "Cell Payload Overflow Pages").
    const std::size_t most = is_table ? page_bytes_ - 35 : (page_bytes_ - 12) * 64 / 255 - 23;
    if (*size <= most)
        return *size <= cell.size() && read_record(cell.substr(0, *size), out.values);
    const std::size_t least = (page_bytes_ - 12) * 32 / 255 - 23;
    const std::size_t wanted = least + (*size - least) % (page_bytes_ - 4);
    const std::size_t local = wanted <= most ? wanted : least;
    if (local + 4 > cell.size() || *size > database_.size() + log_.size()) return false;
    whole.assign(cell.substr(0, local));
    auto next = static_cast<std::uint32_t>(big_endian(cell.substr(local, 4)));
    while (whole.size() < *size) {
        const std::string_view more = page(next);
        if (more.empty()) return false;
        next = static_cast<std::uint32_t>(big_endian(more.substr(0, 4)));
        whole += more.substr(4, std::min(*size - whole.size(), page_bytes_ - 4));
    }
    return read_record(whole, out.values);
}

std::string_view SpoolPages::page(std::uint32_t number) const {
    if (const auto found = logged_.find(number); found != logged_.end())
        return std::string_view(log_).substr(found->second, page_bytes_);
    const std::size_t at = (std::size_t{number} - 1) * page_bytes_;
    if (number == 0 || at + page_bytes_ > database_.size()) return {};
    return std::string_view(database_).substr(at, page_bytes_);
}

}  // namespace pgsidecar::audit
