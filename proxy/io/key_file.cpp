#include "proxy/io/key_file.hpp"

#include <sys/stat.h>

namespace pgsidecar::proxy {

bool key_file_is_private(const std::string& path, std::string& problem) {
    struct stat info {};
    if (::stat(path.c_str(), &info) != 0) return true;
    const mode_t forbidden =
        info.st_uid == 0 ? S_IWGRP | S_IXGRP | S_IRWXO : mode_t{S_IRWXG | S_IRWXO};
    if ((info.st_mode & forbidden) == 0) return true;
    problem = "sslkey " + path +
              " can be read by others, and libpq refuses such a key; chmod 600 it (640 when it is "
              "root's).";
    return false;
}

}  // namespace pgsidecar::proxy
