// Preloaded into the program under test: file systems that fail or never answer, by the name of the folder that is listed.
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

DIR *opendir(const char *name)
{
    static DIR *(*real)(const char *);
    const char *folder = strrchr(name, '/') ? strrchr(name, '/') + 1 : name;
    if (strcmp(folder, "hangs") == 0)
        for (;;)
            pause(); // a network file system whose server is gone
    if (strcmp(folder, "eio") == 0 || strcmp(folder, "enotconn") == 0 || strcmp(folder, "eacces") == 0) {
        errno = folder[1] == 'i' ? EIO : folder[1] == 'n' ? ENOTCONN : EACCES;
        return NULL;
    }
    if (!real)
        real = (DIR *(*)(const char *))dlsym(RTLD_NEXT, "opendir");
    return real(name);
}
