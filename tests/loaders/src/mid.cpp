// Needs the versioned library; as C++ it also throws, and has an object that is built at start.
#ifdef __cplusplus
#include <stdexcept>
#include <string>
extern "C" {
#endif
int base_answer(void);
int base_is_dirty(void);
int mid_answer(int fail);
int mid_state(void);
#ifdef __cplusplus
}
static std::string word = std::string("nine") + "nine";
static int grown() { return int(word.size()) + 1; }
#else
static int grown(void) { return 9; }
#endif

static __thread int per_thread_zero;

int mid_state(void) {
    return base_is_dirty() + per_thread_zero;
}

int mid_answer(int fail) {
#ifdef __cplusplus
    if (fail)
        throw std::runtime_error(word);
#endif
    (void)fail;
    return base_answer() + grown();
}
