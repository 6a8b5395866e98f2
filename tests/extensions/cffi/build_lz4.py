from cffi import FFI

ffibuilder = FFI()
ffibuilder.cdef(
    """
    int LZ4_compressBound(int size);
    int LZ4_compress_default(const char *source, char *target, int size, int room);
    int LZ4_decompress_safe(const char *source, char *target, int size, int room);
    """
)
ffibuilder.set_source("ext_cffi._lz4", "#include <lz4.h>", libraries=["lz4"])
