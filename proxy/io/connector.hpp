#pragma once

#include <asio/io_context.hpp>
#include <vector>

#include "config/upstream.hpp"
#include "proxy/io/socket_channel.hpp"

namespace pgsidecar::proxy {

/// Makes the socket of a SocketChannel: resolves each host anew, tries its addresses in order, and
/// opens or fails the channel. Gives up quietly when the channel was closed meanwhile.
class Connector {
public:
    static void start(asio::io_context& context, SocketChannel& channel,
                      const std::vector<config::HostPort>& hosts);
};

}  // namespace pgsidecar::proxy
