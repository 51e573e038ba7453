#include "app/cli/version.hpp"

#include <libpq-fe.h>
#include <openssl/crypto.h>

#include "model/json_object.hpp"

namespace pgsidecar::app {
namespace {

/// 150006 -> "15.6" (manual, PQlibVersion).
std::string libpq_version() {
    const int number = PQlibVersion();
    return std::to_string(number / 10'000) + "." + std::to_string(number % 10'000);
}

}  // namespace

std::string_view version() { return PGSIDECAR_VERSION; }

std::string version_text() {
    return "pgsidecar " + std::string(version()) + " (" + PGSIDECAR_BUILD_TYPE + ", " +
           OpenSSL_version(OPENSSL_VERSION) + ", libpq " + libpq_version() + ")\n";
}

std::string version_json() {
    model::JsonObject json;
    json.add("name", "pgsidecar")
        .add("version", version())
        .add("buildType", PGSIDECAR_BUILD_TYPE)
        .add("openssl", OpenSSL_version(OPENSSL_VERSION))
        .add("libpq", libpq_version());
    return json.finish() + "\n";
}

}  // namespace pgsidecar::app
