#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "proxy/mock/value.hpp"

namespace pgsidecar::proxy::mock {

/// A whole Bind message (manual, "Message Formats"); views into its payload.
struct BindMessage {
    std::string_view portal, statement;
    std::vector<Format> formats;  ///< of the parameters: none, one for all, or one each
    std::vector<std::optional<std::string_view>> values;
    std::vector<Format> result_formats;

    Format format(std::size_t parameter) const {
        if (formats.size() == 1) return formats[0];
        return parameter < formats.size() ? formats[parameter] : Format::Text;
    }
};

/// Nothing when it breaks a rule.
std::optional<BindMessage> decode_bind(base::Bytes payload);

}  // namespace pgsidecar::proxy::mock
