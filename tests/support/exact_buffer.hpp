#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.hpp"

namespace pgsidecar::test {

/// A heap copy of exactly as many bytes as were given, so that AddressSanitizer sees an over-read
/// by one.
class ExactBuffer {
public:
    explicit ExactBuffer(std::string_view bytes)
        : size_(bytes.size()), data_(std::make_unique<std::byte[]>(bytes.size())) {
        std::ranges::copy(base::as_bytes(bytes), data_.get());
    }

    base::Bytes bytes() const { return {data_.get(), size_}; }
    std::string_view text() const { return base::as_text(bytes()); }

private:
    std::size_t size_;
    std::unique_ptr<std::byte[]> data_;
};

/// Calls `use(bytes)` for every proper prefix of `golden`, each in an exact buffer.
template <class Use>
void for_each_truncation(std::string_view golden, Use use) {
    for (std::size_t size = 0; size < golden.size(); ++size) {
        ExactBuffer buffer(golden.substr(0, size));
        use(buffer.bytes());
    }
}

/// Calls `use(bytes)` once for `golden` with a zero and once with an 0xff behind it.
template <class Use>
void for_one_extra_byte(std::string_view golden, Use use) {
    for (char extra : {'\0', '\xff'}) {
        ExactBuffer buffer(std::string(golden) + extra);
        use(buffer.bytes());
    }
}

}  // namespace pgsidecar::test
