/* A versioned library with a constructor, thread-local and zero-initialised memory. */
#ifndef ZEROS
#define ZEROS 3000
#endif

__thread int per_thread = 3;
static char zeros[ZEROS];
static int dirty = 1;
static int built;
static int *relocated = &built;

__attribute__((constructor)) static void build(void) {
    int index;
    dirty = 0;
    for (index = 0; index < ZEROS; index++)
        dirty += zeros[index] != 0;
    *relocated = 30;
}

int base_answer(void) {
    return built + per_thread++;
}

int base_is_dirty(void) {
    return dirty;
}
