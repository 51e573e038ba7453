#pragma once

#include <cstdint>
#include <memory>
#include <string>

namespace pgsidecar::realtime {

/// One encoded text frame, shared by every socket it goes to and never changed. Null: no frame.
using Frame = std::shared_ptr<const std::string>;

/// Position in the feed, from 1 in the order of hub entry (contract 5.6). 0: not sequenced.
using Seq = std::uint64_t;

}  // namespace pgsidecar::realtime
