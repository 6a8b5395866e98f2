/* Loads each file that is named and writes what is in memory where FILE.ranges says so to FILE.memory.
   Built against the C library whose loader is asked. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Read where it is: an emulator's /proc/self/mem is its own. */
static int copy(const char *path, unsigned long base)
{
    char name[4096];
    unsigned long start, len;
    snprintf(name, sizeof name, "%s.ranges", path);
    FILE *ranges = fopen(name, "r");
    snprintf(name, sizeof name, "%s.memory", path);
    FILE *out = fopen(name, "w");
    if (!ranges || !out)
        return 1;
    while (fscanf(ranges, "%lx %lx", &start, &len) == 2)
        fwrite((const char *)(base + start), 1, len, out);
    fclose(ranges);
    return fclose(out);
}

static int load(const char *path)
{
    void *handle = dlopen(path, RTLD_LAZY);
    struct link_map *map;
    if (!handle || dlinfo(handle, RTLD_DI_LINKMAP, &map)) {
        printf("refused %s\n", dlerror());
        return 0;
    }
    printf(copy(path, map->l_addr) ? "unread\n" : "loaded\n");
    return 0;
}

/* One process for each file: some layouts kill the loader. */
int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        int status = 0;
        pid_t child = fork();
        if (child < 0)
            return 1;
        if (child == 0) {
            load(argv[i]);
            fflush(stdout);
            _exit(0);
        }
        if (waitpid(child, &status, 0) != child || !WIFEXITED(status))
            printf("died\n");
        fflush(stdout);
    }
    return 0;
}
