# cython: language_level=3
cdef extern from "sodium.h":
    int sodium_init()
    int crypto_generichash(unsigned char *out, size_t outlen, const unsigned char *data,
                           unsigned long long size, const unsigned char *key, size_t keylen)

if sodium_init() < 0:
    raise ImportError("libsodium did not start")


def blake2b(bytes data):
    """The BLAKE2b digest of 32 bytes."""
    cdef unsigned char out[32]
    crypto_generichash(out, 32, data, len(data), NULL, 0)
    return out[:32]
