"""There and back again with liblz4."""

from ._lz4 import ffi, lib


def round_trip(data):
    """Compresses and decompresses; the compressed size and the data."""
    room = lib.LZ4_compressBound(len(data))
    packed = ffi.new("char[]", room)
    size = lib.LZ4_compress_default(data, packed, len(data), room)
    unpacked = ffi.new("char[]", len(data))
    assert lib.LZ4_decompress_safe(packed, unpacked, size, len(data)) == len(data)
    return size, ffi.buffer(unpacked, len(data))[:]
