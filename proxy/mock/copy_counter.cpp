#include "proxy/mock/copy_counter.hpp"

#include <algorithm>
#include <utility>

namespace pgsidecar::proxy::mock {

namespace {
constexpr std::size_t kSignatureBytes = 15;  ///< "PGCOPY\n\377\r\n\0" and the flags
}  // namespace

void CopyCounter::take(base::Bytes bytes) {
    if (form_ == Form::Binary) return take_binary(bytes);
    for (char c : base::as_text(bytes)) take_line_byte(c);
}

void CopyCounter::take_line_byte(char c) {
    if (ended_) return;
    if (c == '\n' && !quoted_) {
        if (line_ == "\\." || line_ == "\\.\r") {
            ended_ = true;
        } else {
            ++rows_;
        }
        line_begun_ = false;
        line_.clear();
        return;
    }
    line_begun_ = true;
    if (line_.size() < 4) line_ += c;
    if (form_ == Form::Csv && c == '"') quoted_ = !quoted_;
}

void CopyCounter::take_binary(base::Bytes bytes) {
    while (!bytes.empty() && !ended_) {
        if (skip_ > 0) {
            auto count = static_cast<std::size_t>(std::min<std::uint64_t>(skip_, bytes.size()));
            skip_ -= count;
            bytes = bytes.subspan(count);
            continue;
        }
        std::size_t size = want_ == Want::Signature ? kSignatureBytes
                           : want_ == Want::Count   ? 2U
                                                    : 4U;
        std::size_t count = std::min(size - word_.size(), bytes.size());
        word_ += base::as_text(bytes.first(count));
        bytes = bytes.subspan(count);
        if (word_.size() == size) on_binary_word();
    }
}

void CopyCounter::on_binary_word() {
    std::string word = std::exchange(word_, {});
    const std::byte* at = base::as_bytes(word).data();
    if (want_ == Want::Signature) {
        want_ = Want::Extension;
    } else if (want_ == Want::Extension) {
        skip_ = base::load_be32(at);
        want_ = Want::Count;
    } else if (want_ == Want::Count) {
        auto fields = static_cast<std::int16_t>(base::load_be16(at));
        ended_ = fields < 0;
        if (!ended_) ++rows_;
        fields_ = fields;
        want_ = fields_ > 0 ? Want::Length : Want::Count;
    } else {
        auto length = static_cast<std::int32_t>(base::load_be32(at));
        if (length > 0) skip_ = static_cast<std::uint64_t>(length);
        if (--fields_ == 0) want_ = Want::Count;
    }
}

std::uint64_t CopyCounter::rows() const {
    std::uint64_t rows = rows_;
    if (form_ != Form::Binary && line_begun_ && line_ != "\\.") ++rows;
    if (form_ == Form::Csv && header_ && rows > 0) --rows;
    return rows;
}

}  // namespace pgsidecar::proxy::mock
