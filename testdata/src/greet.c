#include "greet.h"
#include "words.h"

#include <stdlib.h>
#include <string.h>

char *greet_message(const char *language, const char *name)
{
    const char *greeting = words_greeting(language);
    if (!greeting)
        return NULL;
    size_t size = strlen(greeting) + strlen(name) + sizeof ", !";
    char *message = malloc(size);
    if (!message)
        return NULL;
    strcpy(message, greeting);
    strcat(message, ", ");
    strcat(message, name);
    strcat(message, "!");
    return message;
}
