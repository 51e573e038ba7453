#include "proxy/io/tls_store.hpp"

#include <sys/stat.h>

#include "base/clock.hpp"
#include "base/log.hpp"

namespace pgsidecar::proxy {

namespace {

constexpr std::int64_t kSoonUs = std::int64_t{7} * 86'400 * 1'000'000;

/// Changes with content, name, owner and rights; of a link, with those of its target.
std::string look_of(const std::string& path) {
    struct stat info {};
    if (path.empty() || ::stat(path.c_str(), &info) != 0) return "-;";
    std::string look;
    for (std::int64_t part :
         {static_cast<std::int64_t>(info.st_dev), static_cast<std::int64_t>(info.st_ino),
          static_cast<std::int64_t>(info.st_size), std::int64_t{info.st_mtim.tv_sec},
          std::int64_t{info.st_mtim.tv_nsec}, std::int64_t{info.st_ctim.tv_sec},
          std::int64_t{info.st_ctim.tv_nsec}}) {
        look += std::to_string(part) + ",";
    }
    return look + ";";
}

std::string look_of(const std::vector<std::string>& files) {
    std::string look;
    for (const auto& file : files) look += look_of(file);
    return look;
}

std::string expiry_text(const TlsContext& context) {
    std::int64_t expires = certificate_expires_us(context);
    return expires == 0 ? "no certificate" : base::to_iso8601(expires);
}

void warn_of_expiry(std::string_view side, const TlsContext& context) {
    std::int64_t expires = certificate_expires_us(context), now = base::read_clocks().wall_us;
    if (expires == 0 || expires > now + kSoonUs) return;
    base::log::warn(
        "tls",
        expires <= now ? "the certificate has expired" : "the certificate expires within a week",
        {{"side", side},
         {"expires", expiry_text(context)},
         {"next_step", "renew the file; it is read again by itself"}});
}

}  // namespace

TlsStore::TlsStore(const config::Settings::Tls& clients, const config::Upstream& upstream) {
    clients_.name = "client";
    clients_.files = {clients.cert_file, clients.key_file, clients.ca_file};
    clients_.make = [clients](std::string& problem) { return make_client_tls(clients, problem); };
    upstream_.name = "server";
    UpstreamTlsFiles files = upstream_tls_files(upstream);
    upstream_.files = {files.roots, files.certificate, files.key};
    upstream_.make = [upstream](std::string& problem) {
        return make_upstream_tls(upstream, problem);
    };
}

std::string TlsStore::load() {
    std::string problem = load(clients_);
    if (problem.empty()) problem = load(upstream_);
    return problem;
}

std::string TlsStore::load(Side& side) {
    std::string problem;
    // Looked at first: what changes while it is read is read again at the next look.
    side.seen = look_of(side.files);
    TlsContext context = side.make(problem);
    if (!problem.empty()) return problem;
    side.context = std::move(context);
    warn_of_expiry(side.name, side.context);
    return {};
}

CertificateReport TlsStore::look() {
    CertificateReport report;
    look(clients_, report);
    look(upstream_, report);
    report.client_expires_us = certificate_expires_us(clients_.context);
    report.server_expires_us = certificate_expires_us(upstream_.context);
    return report;
}

void TlsStore::look(Side& side, CertificateReport& report) {
    if (!side.context || side.seen == look_of(side.files)) return;
    std::string problem = load(side);
    if (problem.empty()) {
        ++report.renewed;
        base::log::info("tls", "changed certificate files are in use for new connections",
                        {{"side", side.name}, {"expires", expiry_text(side.context)}});
        return;
    }
    ++report.failed;
    base::log::warn("tls", "changed certificate files cannot be used; the old ones stay in use",
                    {{"side", side.name}, {"cause", problem}});
}

}  // namespace pgsidecar::proxy
