#include "app/process_setup.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <array>

#include "base/log.hpp"

namespace pgsidecar::app {

void raise_open_file_limit() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

void configure_log(const config::Settings::Log& settings) {
    namespace log = base::log;
    log::configure(
        static_cast<log::Level>(settings.level),
        settings.format == config::LogFormat::Text ? log::Format::Text : log::Format::Json);
}

std::string where_we_are() {
    std::array<char, 256> name{};
    gethostname(name.data(), name.size() - 1);
    return std::string(name.data()) + "/" + std::to_string(getpid());
}

std::string where_of(const config::Upstream& upstream) {
    if (upstream.hosts.empty()) return {};
    const config::HostPort& host = upstream.hosts.front();
    return host.is_unix_socket() ? host.host : host.host + ":" + std::to_string(host.port);
}

}  // namespace pgsidecar::app
