"""How small brotli makes it, asked through ctypes."""

import ctypes
import pathlib

_library = ctypes.CDLL(str(pathlib.Path(__file__).with_name("libsqueeze.so")))
_library.squeeze.argtypes = [ctypes.c_char_p, ctypes.c_size_t]
_library.squeeze.restype = ctypes.c_size_t


def squeeze(data):
    """The size of the data after compression."""
    return _library.squeeze(data, len(data))
