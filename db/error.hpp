#pragma once

#include <boost/system/result.hpp>
#include <stdexcept>

#include "model/error_text.hpp"

namespace pgsidecar::db {

/// Why our own use of the database failed.
struct Error : model::ErrorInfo {
    /// The connection was lost while COMMIT was under way: it may have happened or not.
    bool fate_unknown = false;

    Error() = default;
    Error(model::ErrorInfo info) : model::ErrorInfo(std::move(info)) {}  // NOLINT: a plain widening
};

/// Asking a failed Result for its value is a bug of ours; boost::system::result needs this to say
/// so.
[[noreturn]] inline void throw_exception_from_error(const Error& error,
                                                    const boost::source_location&) {
    throw std::logic_error("value of a failed database call: " + error.message);
}

/// A value or an Error; a dropped one is a compiler warning.
template <class T>
class [[nodiscard]] Result : public boost::system::result<T, Error> {
public:
    using boost::system::result<T, Error>::result;
};

}  // namespace pgsidecar::db
