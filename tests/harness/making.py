"""Making wheels, of members that need not fit into memory."""

import base64
import hashlib
import io
import os
import zipfile

# Written as a hole: a file of zeros takes no room, and little time.
ZEROS = bytes(1 << 20)


class Sparse(io.FileIO):
    """A file in which ZEROS leaves a hole."""

    def write(self, data):
        if data is ZEROS:
            self.seek(len(ZEROS), os.SEEK_CUR)
            return len(ZEROS)
        return super().write(data)


class WheelMaker:
    """Writes a wheel member by member; `with` closes it with its metadata and RECORD."""

    def __init__(self, path, level=1):
        self.path, self.level = path, level
        project, version, *_, python, abi, platform = path.name.removesuffix(".whl").split("-")
        self.metadata = {
            "METADATA": f"Metadata-Version: 2.1\nName: {project}\nVersion: {version}\n",
            "WHEEL": f"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: false\nTag: {python}-{abi}-{platform}\n",
        }
        self.folder = f"{project}-{version}.dist-info"
        self.rows = []

    def __enter__(self):
        self.file = Sparse(self.path, "w+")
        self.archive = zipfile.ZipFile(self.file, "w")
        return self

    def add(self, name, blocks, size=0, stored=False, mode=None):
        """A member of these blocks of bytes; `size` must be told where it is over 2 GiB."""
        info = zipfile.ZipInfo(name)
        info.external_attr = (0o100000 | (mode or (0o755 if ".so" in name else 0o644))) << 16
        info.compress_type = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
        info._compresslevel = self.level
        info.file_size = size
        digest, length = hashlib.sha256(), 0
        with self.archive.open(info, "w") as out:
            for block in blocks:
                out.write(block)
                digest.update(block)
                length += len(block)
        row = base64.urlsafe_b64encode(digest.digest()).rstrip(b"=").decode()
        self.rows.append(f"{name},sha256={row},{length}\n")

    def __exit__(self, *failure):
        if failure == (None, None, None):
            for name, text in self.metadata.items():
                self.add(f"{self.folder}/{name}", [text.encode()])
            self.rows.append(f"{self.folder}/RECORD,,\n")
            self.add(f"{self.folder}/RECORD", ["".join(self.rows).encode()])
        self.archive.close()
        self.file.close()
