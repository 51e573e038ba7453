#include "protocol/auth/login_secret.hpp"

#include "protocol/auth/md5_password.hpp"

namespace pgsidecar::protocol {

LoginSecret LoginSecret::from_stored(std::string_view stored) {
    LoginSecret secret;
    if (is_md5_stored(stored)) {
        secret.md5 = stored;
    } else if (is_scram_stored(stored)) {
        secret.scram_stored = true;
    } else {
        secret.password = stored;
    }
    return secret;
}

}  // namespace pgsidecar::protocol
