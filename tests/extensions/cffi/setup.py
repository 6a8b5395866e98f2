# cffi's own setuptools hook has no spelling in pyproject.toml.
from setuptools import setup

setup(cffi_modules=["build_lz4.py:ffibuilder"])
