#pragma once

#include <string_view>

namespace pgsidecar::protocol {

/// The fields of ErrorResponse and NoticeResponse (manual, "Error and Notice Message Fields").
///
/// Used to encode and to decode; an empty one is absent. The views belong to whoever filled them
/// in. Text from the server may hold SQL literals: only severity and sqlstate may be logged as they
/// are.
struct ErrorFields {
    std::string_view severity{};  ///< Not localised (V); S where the server sent no V.
    std::string_view sqlstate{};  ///< Five characters from an honest server; check before use.
    std::string_view message{};
    std::string_view detail{};
    std::string_view hint{};
    std::string_view position{};
    std::string_view internal_position{};
    std::string_view internal_query{};
    std::string_view where{};
    std::string_view schema{};
    std::string_view table{};
    std::string_view column{};
    std::string_view data_type{};
    std::string_view constraint{};
    std::string_view file{};
    std::string_view line{};
    std::string_view routine{};

    /// FATAL and PANIC end the session.
    bool ends_session() const { return severity == "FATAL" || severity == "PANIC"; }
};

}  // namespace pgsidecar::protocol
