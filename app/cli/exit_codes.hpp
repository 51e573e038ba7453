#pragma once

namespace pgsidecar::app {

// What the process exits with; the numbers are sysexits.h's, which supervisors know.
inline constexpr int kExitOk = 0;      ///< also after SIGTERM
inline constexpr int kExitUsage = 64;  ///< unknown command or flag, missing value
inline constexpr int kExitData = 65;   ///< a file's content that cannot be used: a migration
inline constexpr int kExitUnavailable =
    69;  ///< an address that cannot be listened on, a needed service that is not there
inline constexpr int kExitInternal = 70;      ///< a bug
inline constexpr int kExitCannotCreate = 73;  ///< a file or folder that cannot be made
inline constexpr int kExitIo = 74;            ///< a file that cannot be read or written
inline constexpr int kExitConfig = 78;        ///< a setting that is wrong

}  // namespace pgsidecar::app
