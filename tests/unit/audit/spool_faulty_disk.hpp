#pragma once

#include <sqlite3.h>

#include <atomic>
#include <cstring>
#include <new>
#include <string>

namespace pgsidecar::audit::test {

/// A file layer of SQLite that is the usual one until it is told to fail. One for the program;
/// reset() before each use.
class FaultyDisk {
public:
    enum class Fault { None, Full, WriteError, SyncError, Torn };

    static FaultyDisk& get() {
        static FaultyDisk disk;
        return disk;
    }
    /// For Spool::Options::vfs.
    static std::string name() { return "faulty"; }

    void reset() {
        fault_ = Fault::None;
        calls_ = 0;
    }
    /// Call number n from now on fails, and with `lasting` all after it. Writes are counted for
    /// Full, WriteError and Torn, syncs for SyncError.
    void fail(Fault fault, long n, bool lasting) {
        calls_ = 0;
        at_ = n;
        lasting_ = lasting;
        fault_ = fault;
    }
    void heal() { fault_ = Fault::None; }

private:
    struct File {
        sqlite3_file base;
        sqlite3_file* real;
    };

    FaultyDisk() {
        sqlite3_initialize();
        usual_ = sqlite3_vfs_find(nullptr);
        vfs_ = *usual_;
        vfs_.zName = "faulty";
        vfs_.pNext = nullptr;
        vfs_.szOsFile = static_cast<int>(sizeof(File)) + usual_->szOsFile;
        vfs_.xOpen = open;
        sqlite3_vfs_register(&vfs_, 0);
        methods_.iVersion = 2;
        methods_.xClose = [](sqlite3_file* f) { return real(f)->pMethods->xClose(real(f)); };
        methods_.xRead = [](sqlite3_file* f, void* data, int size, sqlite3_int64 at) {
            return real(f)->pMethods->xRead(real(f), data, size, at);
        };
        methods_.xWrite = write;
        methods_.xTruncate = [](sqlite3_file* f, sqlite3_int64 size) {
            return real(f)->pMethods->xTruncate(real(f), size);
        };
        methods_.xSync = [](sqlite3_file* f, int flags) {
            if (get().hit(Fault::SyncError)) return int{SQLITE_IOERR_FSYNC};
            return real(f)->pMethods->xSync(real(f), flags);
        };
        methods_.xFileSize = [](sqlite3_file* f, sqlite3_int64* size) {
            return real(f)->pMethods->xFileSize(real(f), size);
        };
        methods_.xLock = [](sqlite3_file* f, int kind) {
            return real(f)->pMethods->xLock(real(f), kind);
        };
        methods_.xUnlock = [](sqlite3_file* f, int kind) {
            return real(f)->pMethods->xUnlock(real(f), kind);
        };
        methods_.xCheckReservedLock = [](sqlite3_file* f, int* out) {
            return real(f)->pMethods->xCheckReservedLock(real(f), out);
        };
        methods_.xFileControl = [](sqlite3_file* f, int op, void* arg) {
            return real(f)->pMethods->xFileControl(real(f), op, arg);
        };
        methods_.xSectorSize = [](sqlite3_file* f) {
            return real(f)->pMethods->xSectorSize(real(f));
        };
        methods_.xDeviceCharacteristics = [](sqlite3_file* f) {
            return real(f)->pMethods->xDeviceCharacteristics(real(f));
        };
        methods_.xShmMap = [](sqlite3_file* f, int page, int size, int extend,
                              void volatile** out) {
            return real(f)->pMethods->xShmMap(real(f), page, size, extend, out);
        };
        methods_.xShmLock = [](sqlite3_file* f, int offset, int n, int flags) {
            return real(f)->pMethods->xShmLock(real(f), offset, n, flags);
        };
        methods_.xShmBarrier = [](sqlite3_file* f) { real(f)->pMethods->xShmBarrier(real(f)); };
        methods_.xShmUnmap = [](sqlite3_file* f, int remove) {
            return real(f)->pMethods->xShmUnmap(real(f), remove);
        };
    }

    static sqlite3_file* real(sqlite3_file* file) { return reinterpret_cast<File*>(file)->real; }

    static int open(sqlite3_vfs*, const char* path, sqlite3_file* file, int flags, int* out) {
        auto* ours = reinterpret_cast<File*>(file);
        ours->real = reinterpret_cast<sqlite3_file*>(ours + 1);
        const int code = get().usual_->xOpen(get().usual_, path, ours->real, flags, out);
        file->pMethods = code == SQLITE_OK ? &get().methods_ : nullptr;
        return code;
    }

    static int write(sqlite3_file* file, const void* data, int size, sqlite3_int64 at) {
        auto* methods = real(file)->pMethods;
        if (get().hit(Fault::Full)) return SQLITE_FULL;
        if (get().hit(Fault::WriteError)) return SQLITE_IOERR_WRITE;
        if (get().hit(Fault::Torn)) {
            methods->xWrite(real(file), data, size / 2, at);
            return SQLITE_IOERR_WRITE;
        }
        return methods->xWrite(real(file), data, size, at);
    }

    bool hit(Fault fault) {
        if (fault_ != fault) return false;
        const long call = ++calls_;
        return lasting_ ? call >= at_ : call == at_;
    }

    sqlite3_vfs* usual_ = nullptr;
    sqlite3_vfs vfs_{};
    sqlite3_io_methods methods_{};
    std::atomic<Fault> fault_{Fault::None};
    std::atomic<long> calls_{0}, at_{0};
    std::atomic<bool> lasting_{false};
};

}  // namespace pgsidecar::audit::test
