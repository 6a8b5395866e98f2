#include "words.h"

#include <stddef.h>
#include <string.h>

static const struct {
    const char *language;
    const char *greeting;
} table[] = {
    {"de", "Hallo"},
    {"en", "Hello"},
    {"fr", "Bonjour"},
    {"it", "Ciao"},
};

const char *words_greeting(const char *language)
{
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (strcmp(table[i].language, language) == 0)
            return table[i].greeting;
    return NULL;
}
