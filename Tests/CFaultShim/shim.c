// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

// Loaded into the real program with LD_PRELOAD, between it and the system, for files below TIDINGS_SHIM_ROOT.
//
// TIDINGS_SHIM_JOURNAL: a file that gets every operation that changes something, so that a test can work out what a power
// cut would have left. A record is one byte (what), the length of its path (32 bits), two numbers (64 bits each), the path,
// and of a write its bytes; all in the machine's order.
//
//   C created            W written: position, count, bytes      Z the same, all zeros     T cut or grown: length
//   B a sync begins: id  E it went well: id                     M directory made          U file or directory removed
//   R renamed: length of the first path in front of the second
//   D a range of the file was made durable: position, count
//
// TIDINGS_SHIM_FAULTS: a directory. When it has a file `fdatasync`, `pwrite` or `dsync` (a write that syncs), the next call
// of that name fails with the number in the file as its errno, once; the file goes. `fdatasync` means those of segments.

#ifdef __linux__
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define FILES 65536
#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static const char *root;
static size_t root_length;
static const char *faults;
static int journal = -1;
static char *paths[FILES];
static atomic_ullong syncs;

__attribute__((constructor)) static void begin(void) {
    root = getenv("TIDINGS_SHIM_ROOT");
    faults = getenv("TIDINGS_SHIM_FAULTS");
    const char *name = getenv("TIDINGS_SHIM_JOURNAL");
    if (root) root_length = strlen(root);
    if (root && name) journal = NEXT(open)(name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
}

/// The part of a path below the root; NULL for one that is elsewhere.
static const char *below(const char *path) {
    if (!root || !path || strncmp(path, root, root_length) != 0) return NULL;
    if (path[root_length] == 0) return path + root_length;
    return path[root_length] == '/' ? path + root_length + 1 : NULL;
}

static const char *path_of(int file) { return file >= 0 && file < FILES ? paths[file] : NULL; }

static void note(char what, const char *path, uint64_t first, uint64_t second, const void *bytes, size_t count) {
    if (journal < 0) return;
    char head[21];
    uint32_t length = (uint32_t)strlen(path);
    head[0] = what;
    memcpy(head + 1, &length, 4);
    memcpy(head + 5, &first, 8);
    memcpy(head + 13, &second, 8);
    struct iovec parts[3] = {{head, sizeof head}, {(void *)path, length}, {(void *)bytes, count}};
    int kept = errno;
    if (writev(journal, parts, 3) < 0) abort();
    errno = kept;
}

/// Whether a call has to fail now; errno says with what.
static int fails(const char *name) {
    if (!faults) return 0;
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", faults, name);
    int kept = errno;
    FILE *file = fopen(path, "r");
    if (!file) {
        errno = kept;
        return 0;
    }
    int number = 0;
    int got = fscanf(file, "%d", &number);
    fclose(file);
    // Of several threads the one that takes the file away fails.
    if (got != 1 || NEXT(unlink)(path) != 0) {
        errno = kept;
        return 0;
    }
    errno = number;
    return 1;
}

static int opened(int file, const char *path, int flags, int was_there) {
    const char *own = below(path);
    if (file < 0 || file >= FILES || !own) return file;
    free(paths[file]);
    paths[file] = strdup(own);
    if ((flags & O_CREAT) && !was_there) note('C', own, 0, 0, NULL, 0);
    return file;
}

static int is_there(const char *path, int flags) {
    return (flags & O_CREAT) && below(path) ? access(path, F_OK) == 0 : 1;
}

#define OPEN(name)                                            \
    int name(const char *path, int flags, ...) {              \
        mode_t mode = 0;                                      \
        if (flags & O_CREAT) {                                \
            va_list list;                                     \
            va_start(list, flags);                            \
            mode = va_arg(list, mode_t);                      \
            va_end(list);                                     \
        }                                                     \
        int was_there = is_there(path, flags);                \
        return opened(NEXT(name)(path, flags, mode), path, flags, was_there); \
    }
OPEN(open)
OPEN(open64)

int close(int file) {
    if (path_of(file)) {
        free(paths[file]);
        paths[file] = NULL;
    }
    return NEXT(close)(file);
}

static void note_write(int file, const void *bytes, size_t count, int64_t position) {
    const char *path = path_of(file);
    if (!path) return;
    const char *start = bytes;
    int is_zero = count > 4096 && start[0] == 0 && memcmp(start, start + 1, count - 1) == 0;
    note(is_zero ? 'Z' : 'W', path, (uint64_t)position, count, bytes, is_zero ? 0 : count);
}

#define PWRITE(name, kind)                                                     \
    ssize_t name(int file, const void *bytes, size_t count, kind position) {   \
        if (path_of(file) && fails("pwrite")) return -1;                       \
        note_write(file, bytes, count, position);                              \
        return NEXT(name)(file, bytes, count, position);                       \
    }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

static int is_segment(const char *path) {
    size_t length = strlen(path);
    return length > 4 && strcmp(path + length - 4, ".log") == 0;
}

ssize_t pwritev2(int file, const struct iovec *parts, int count, off_t position, int flags) {
    const char *path = path_of(file);
    if (!path) return NEXT(pwritev2)(file, parts, count, position, flags);
    if (fails("pwrite")) return -1;
    off_t at = position;
    for (int part = 0; part < count; part++) {
        note_write(file, parts[part].iov_base, parts[part].iov_len, at);
        at += (off_t)parts[part].iov_len;
    }
    if ((flags & RWF_DSYNC) && fails("dsync")) {
        // It is written, and nobody knows whether it is on the medium.
        int reason = errno;
        NEXT(pwritev2)(file, parts, count, position, flags & ~RWF_DSYNC);
        errno = reason;
        return -1;
    }
    ssize_t result = NEXT(pwritev2)(file, parts, count, position, flags);
    if (result > 0 && (flags & RWF_DSYNC)) note('D', path, (uint64_t)position, (uint64_t)result, NULL, 0);
    return result;
}

#define SYNC(name)                                             \
    int name(int file) {                                       \
        const char *path = path_of(file);                      \
        if (!path) return NEXT(name)(file);                    \
        if (is_segment(path) && fails("fdatasync")) return -1; \
        uint64_t id = atomic_fetch_add(&syncs, 1);             \
        note('B', path, id, 0, NULL, 0);                       \
        int result = NEXT(name)(file);                         \
        if (result == 0) note('E', path, id, 0, NULL, 0);      \
        return result;                                         \
    }
SYNC(fsync)
SYNC(fdatasync)

#define FTRUNCATE(name, kind)                                                \
    int name(int file, kind length) {                                        \
        if (path_of(file)) note('T', path_of(file), (uint64_t)length, 0, NULL, 0); \
        return NEXT(name)(file, length);                                     \
    }
FTRUNCATE(ftruncate, off_t)
FTRUNCATE(ftruncate64, off64_t)

int mkdir(const char *path, mode_t mode) {
    int result = NEXT(mkdir)(path, mode);
    if (result == 0 && below(path)) note('M', below(path), 0, 0, NULL, 0);
    return result;
}

int unlink(const char *path) {
    int result = NEXT(unlink)(path);
    if (result == 0 && below(path)) note('U', below(path), 0, 0, NULL, 0);
    return result;
}

int rmdir(const char *path) {
    int result = NEXT(rmdir)(path);
    if (result == 0 && below(path)) note('U', below(path), 0, 0, NULL, 0);
    return result;
}

int rename(const char *from, const char *to) {
    int result = NEXT(rename)(from, to);
    if (result == 0 && below(from) && below(to)) {
        char both[8192];
        snprintf(both, sizeof both, "%s%s", below(from), below(to));
        note('R', both, strlen(below(from)), 0, NULL, 0);
    }
    return result;
}
#endif
