#include "config/table/field.hpp"

namespace pgsidecar::config::table {

std::vector<Setting> tls_settings() {
    using Tls = Settings::Tls;
    return {
        {.key = "tls.client_mode",
         .field = field<&Settings::tls, &Tls::client_mode>(),
         .summary =
             "TLS towards clients, once tls.cert_file is set. disable: none; allow and "
             "prefer: for those that ask; require: plain TCP clients are refused; verify-ca: "
             "and clients must show a certificate that tls.ca_file vouches for; verify-full: "
             "and its common name must be the user's name."},
        {.key = "tls.cert_file",
         .field = field<&Settings::tls, &Tls::cert_file>(),
         .summary = "The PEM file of the certificate shown to clients, followed by its chain; "
                    "empty for no TLS towards clients. Read again when it changes."},
        {.key = "tls.key_file",
         .field = field<&Settings::tls, &Tls::key_file>(),
         .summary = "The PEM file of that certificate's key, without a passphrase. Read again when "
                    "it changes."},
        {.key = "tls.ca_file",
         .field = field<&Settings::tls, &Tls::ca_file>(),
         .summary = "The PEM file of the authorities that sign clients' certificates; needed by "
                    "tls.client_mode verify-ca and verify-full. Read again when it changes."},
        {.key = "tls.min_version",
         .field = field<&Settings::tls, &Tls::min_version>(),
         .summary = "The oldest version of TLS that clients may use."},
        {.key = "tls.ciphers",
         .field = field<&Settings::tls, &Tls::ciphers>(),
         .summary = "OpenSSL's list of ciphers for TLS 1.2 towards clients; empty for OpenSSL's "
                    "default."},
        {.key = "tls.ciphersuites",
         .field = field<&Settings::tls, &Tls::ciphersuites>(),
         .summary = "OpenSSL's list of cipher suites for TLS 1.3 towards clients; empty for "
                    "OpenSSL's default."},
        {.key = "tls.check_interval_ms",
         .field = field<&Settings::tls, &Tls::check_interval_ms>(),
         .min = 100,
         .max = 86'400'000,
         .unit = "ms",
         .summary = "How often the certificate files of both sides are looked at; changed ones are "
                    "used for new connections."},
    };
}

}  // namespace pgsidecar::config::table
