#include <stdio.h>
#include <uuid/uuid.h>

/* Prints each argument as a canonical UUID; exit status 3 at the first that is none. */
int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        uuid_t parsed;
        char written[37];
        if (uuid_parse(argv[i], parsed))
            return 3;
        uuid_unparse_lower(parsed, written);
        puts(written);
    }
    return 0;
}
