"""BLAKE2b digests, by libsodium."""
