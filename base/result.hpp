#pragma once

#include <boost/system/result.hpp>
#include <system_error>

namespace pgsidecar::base {

/// A value or a std::error_code; a dropped one is a compiler warning.
///
/// Boost 1.81's class is not marked [[nodiscard]], which this derivation adds.
template <class T>
class [[nodiscard]] Result : public boost::system::result<T, std::error_code> {
public:
    using boost::system::result<T, std::error_code>::result;
};

}  // namespace pgsidecar::base
