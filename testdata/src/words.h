/* libwords: the words that libgreet puts together. */
#ifndef WORDS_H
#define WORDS_H

/* A greeting in the language (an ISO 639-1 code), or NULL if it is not known. */
const char *words_greeting(const char *language);

#endif
