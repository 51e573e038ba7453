#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/bytes.hpp"

namespace pgsidecar::proxy::mock {

/// Counts the rows of COPY data that comes in any pieces; keeps nothing of it.
class CopyCounter {
public:
    enum class Form : std::uint8_t { Text, Csv, Binary };

    CopyCounter(Form form, bool header) : form_(form), header_(header) {}

    void take(base::Bytes bytes);
    /// The rows so far; a last line without its newline counts. Of CSV the header line does not.
    std::uint64_t rows() const;

private:
    void take_line_byte(char c);
    void take_binary(base::Bytes bytes);
    void on_binary_word();

    Form form_;
    bool header_;
    std::uint64_t rows_ = 0;
    bool line_begun_ = false, quoted_ = false, ended_ = false;
    std::string line_;  ///< its first bytes, for "\."

    // Binary: a header, then for each row a count of fields and for each field a length and bytes.
    enum class Want : std::uint8_t { Signature, Extension, Count, Length };
    Want want_ = Want::Signature;
    std::string word_;         ///< of what is wanted, as far as it has come
    std::uint64_t skip_ = 0;   ///< bytes of a field that are still to come
    std::int32_t fields_ = 0;  ///< of the row that are still to come
};

}  // namespace pgsidecar::proxy::mock
