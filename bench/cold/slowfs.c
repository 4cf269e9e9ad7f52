// A read-only view of a folder whose reads take time, fail or never return, as a word in a file says:
//   "ok", "delay MS" (each read), "eio" (reads fail), "hang" (reads wait until the word changes), "silent" (all calls do),
//   "dead" (the daemon ends: ENOTCONN).
//   slowfs FOLDER WORD_FILE MOUNT_POINT
#define FUSE_USE_VERSION 31
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fuse3/fuse.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *folder, *word_file;

static int word(char *name) {
    int milliseconds = 0;
    strcpy(name, "ok");
    FILE *file = fopen(word_file, "r");
    if (file) {
        if (fscanf(file, "%15s %d", name, &milliseconds) < 1) strcpy(name, "ok");
        fclose(file);
    }
    return milliseconds;
}

static int real(char *to, const char *path) { return snprintf(to, 4096, "%s%s", folder, path) < 4096 ? 0 : -ENAMETOOLONG; }

static int slow_getattr(const char *path, struct stat *status, struct fuse_file_info *info) {
    char to[4096];
    char name[16];
    (void)info;
    for (word(name); !strcmp(name, "silent"); word(name)) usleep(50000);
    if (real(to, path)) return -ENAMETOOLONG;
    return lstat(to, status) ? -errno : 0;
}

static int slow_readdir(const char *path, void *buffer, fuse_fill_dir_t fill, off_t offset, struct fuse_file_info *info,
                        enum fuse_readdir_flags flags) {
    char to[4096];
    (void)offset, (void)info, (void)flags;
    if (real(to, path)) return -ENAMETOOLONG;
    DIR *entries = opendir(to);
    if (!entries) return -errno;
    for (struct dirent *entry; (entry = readdir(entries));) fill(buffer, entry->d_name, NULL, 0, 0);
    closedir(entries);
    return 0;
}

static int slow_open(const char *path, struct fuse_file_info *info) {
    char to[4096];
    if (real(to, path)) return -ENAMETOOLONG;
    int descriptor = open(to, O_RDONLY);
    if (descriptor < 0) return -errno;
    info->fh = descriptor;
    return 0;
}

static int slow_read(const char *path, char *to, size_t count, off_t offset, struct fuse_file_info *info) {
    char name[16];
    (void)path;
    int milliseconds = word(name);
    while (!strcmp(name, "hang") || !strcmp(name, "silent")) {
        usleep(50000);
        milliseconds = word(name);
    }
    if (!strcmp(name, "dead")) exit(1);
    if (!strcmp(name, "eio")) return -EIO;
    if (milliseconds) usleep(milliseconds * 1000);
    ssize_t done = pread(info->fh, to, count, offset);
    return done < 0 ? -errno : (int)done;
}

static int slow_release(const char *path, struct fuse_file_info *info) {
    (void)path;
    close(info->fh);
    return 0;
}

int main(int count, char **words) {
    static const struct fuse_operations operations = {
        .getattr = slow_getattr, .readdir = slow_readdir, .open = slow_open, .read = slow_read, .release = slow_release};
    if (count != 4) {
        fprintf(stderr, "usage: slowfs FOLDER WORD_FILE MOUNT_POINT\n");
        return 2;
    }
    folder = realpath(words[1], NULL); // libfuse leaves this folder
    word_file = realpath(words[2], NULL);
    if (!folder || !word_file) return 2;
    char *arguments[] = {words[0], "-f", words[3], NULL};
    return fuse_main(3, arguments, &operations, NULL);
}
