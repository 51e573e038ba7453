#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace pgsidecar::audit {

/// One row as it lies in a page.
struct SpoolCell {
    struct Value {
        bool is_number = false;
        std::int64_t number = 0;
        std::string_view bytes;
    };
    std::int64_t row = 0;  ///< of a table's leaf
    std::vector<Value> values;
};

/// Finds rows in the pages of a SQLite file and its write-ahead log without the trees above them
/// (sqlite.org, "Database File Format", 1.6, 2 and 4): for a file whose trees are broken. What it
/// finds may be damaged, or long deleted; the checksums of the rows tell the one, not the other.
class SpoolPages {
public:
    /// Files that cannot be read have no pages.
    SpoolPages(const std::string& database, const std::string& log);

    /// Every row of every leaf of a table; the views live until the visitor returns.
    void table_rows(const std::function<void(const SpoolCell&)>& visit) const;
    /// The same for leaves of indices and of tables WITHOUT ROWID.
    void index_rows(const std::function<void(const SpoolCell&)>& visit) const;

private:
    using Visit = std::function<void(const SpoolCell&)>;
    void rows(unsigned char leaf_type, const Visit& visit) const;
    void page_rows(std::string_view page, bool first, unsigned char leaf_type,
                   const Visit& visit) const;
    bool read_cell(std::string_view cell, bool is_table, std::string& whole, SpoolCell& out) const;
    std::string_view page(std::uint32_t number) const;

    std::string database_, log_;
    std::size_t page_bytes_;
    std::unordered_map<std::uint32_t, std::size_t> logged_;  ///< page to its last place in log_
};

}  // namespace pgsidecar::audit
