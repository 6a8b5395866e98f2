/* libgreet: a greeting for somebody, with the words of libwords. */
#ifndef GREET_H
#define GREET_H

/* "Hello, Ada!" in the language, for the caller to free; NULL for an unknown language or without memory. */
char *greet_message(const char *language, const char *name);

#endif
