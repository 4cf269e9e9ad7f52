// hold FILE...: keeps files in memory until it is ended. A system that pages out what was not used for a minute (DAMON, a host that wants
// its memory back) would otherwise take a part of a "warm" library away while it is being measured: each of its pages is used every
// three minutes.
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int main(int count, char **names) {
    for (int i = 1; i < count; i++) {
        struct stat state;
        int file = open(names[i], O_RDONLY);
        if (file < 0 || fstat(file, &state) != 0) { perror(names[i]); return 1; }
        void *pages = mmap(NULL, state.st_size, PROT_READ, MAP_SHARED, file, 0);
        if (pages == MAP_FAILED || mlock(pages, state.st_size) != 0) { perror(names[i]); return 1; }
        close(file);
    }
    puts("held");
    fflush(stdout);
    pause();
    return 0;
}
