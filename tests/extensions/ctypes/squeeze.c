#include <brotli/encode.h>

/* The size of the data after compression, 0 if it failed. */
size_t squeeze(const unsigned char *data, size_t size)
{
    unsigned char out[4096];
    size_t room = sizeof out;
    if (!BrotliEncoderCompress(BROTLI_DEFAULT_QUALITY, BROTLI_DEFAULT_WINDOW, BROTLI_MODE_GENERIC, size, data, &room, out))
        return 0;
    return room;
}
