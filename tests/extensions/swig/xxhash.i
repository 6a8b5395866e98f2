%module xxhash
%{
#include <string.h>
#include <xxhash.h>
%}

%inline %{
static unsigned long long hash64(const char *text)
{
    return XXH64(text, strlen(text), 0);
}
%}
