// Prints "42 42 0" if constructors ran, memory that starts as zeros does, and each thread has its own variables.
#include <pthread.h>
#include <stdio.h>
#ifdef __cplusplus
#include <stdexcept>
#include <cstring>
extern "C" {
#endif
int base_is_dirty(void);
int mid_answer(int fail);
int mid_state(void);
#ifdef __cplusplus
}
#endif
#ifndef ZEROS
#define ZEROS 3000
#endif

static char zeros[ZEROS];
static int other;

static void *second_thread(void *unused) {
    other = mid_answer(0);
    return unused;
}

int main(void) {
    pthread_t thread;
    int index, wrong = 0, first = mid_answer(0);
    for (index = 0; index < ZEROS; index++)
        wrong += zeros[index] != 0;
#ifdef ONE_THREAD
    (void)thread;
    second_thread(0);
    other--;
#else
    if (pthread_create(&thread, 0, second_thread, 0) || pthread_join(thread, 0))
        return 2;
#endif
#ifdef __cplusplus
    try {
        mid_answer(1);
        wrong += 1;
    } catch (const std::exception &problem) {
        wrong += std::strcmp(problem.what(), "ninenine") != 0;
    }
#endif
    wrong += mid_state() + base_is_dirty();
    printf("%d %d %d\n", first, other, wrong);
    return first != 42 || other != 42 || wrong;
}
