"""The projects that are built from their sdists against Debian's libraries, and a call that proves each works."""

import fnmatch
import shutil
from typing import NamedTuple

from harness.programs import PYTHON, TARGET, clean_env

CACHE = TARGET / "peer" / "built"

# What the build backends of these sdists are built with; pinned because their newest releases change.
CONSTRAINTS = """\
Cython==3.0.11
cffi==1.17.1
pybind11==2.13.6
setuptools==75.6.0
setuptools-scm==8.1.0
wheel==0.45.1
"""


class Source(NamedTuple):
    name: str
    version: str
    packages: str  # Debian packages with the headers
    call: str  # Python that imports the extension and calls into the grafted library
    requires: tuple = ()  # what it needs from PyPI at run time
    env: dict = {}
    config: tuple = ()  # --config-settings
    modules: tuple = ()  # libraries that modules of the standard library need and that stay visible


SOURCES = [
    Source(
        "psycopg2",
        "2.9.10",
        "libpq-dev",
        "import psycopg2\n"
        "assert psycopg2.__libpq_version__ >= 150000\n"
        "try: psycopg2.connect('host=/nowhere connect_timeout=1')\n"
        "except psycopg2.OperationalError as error: assert '/nowhere' in str(error), error\n",
    ),
    Source(
        "lxml",
        "5.3.0",
        "libxml2-dev libxslt1-dev",
        "from lxml import etree\n"
        "sheet = etree.XSLT(etree.XML('<x:stylesheet version=\"1.0\" xmlns:x=\"http://www.w3.org/1999/XSL/Transform\">'\n"
        "    '<x:template match=\"/\"><b><x:value-of select=\"/a\"/></b></x:template></x:stylesheet>'))\n"
        "assert str(sheet(etree.XML('<a>text</a>'))).strip().endswith('<b>text</b>')\n",
        env={"WITHOUT_CYTHON": "true"},
    ),
    Source(
        "pycurl",
        "7.45.3",
        "libcurl4-openssl-dev libssl-dev",
        "import io, pathlib, pycurl, tempfile\n"
        "assert 'OpenSSL' in pycurl.version, pycurl.version\n"
        "file = pathlib.Path(tempfile.mkdtemp(), 'page'); file.write_text('read by libcurl')\n"
        "page, curl = io.BytesIO(), pycurl.Curl()\n"
        "curl.setopt(curl.URL, file.as_uri()); curl.setopt(curl.WRITEDATA, page); curl.perform()\n"
        "assert page.getvalue() == b'read by libcurl'\n",
        env={"PYCURL_SSL_LIBRARY": "openssl"},
    ),
    Source(
        "pillow",
        "11.0.0",
        "libjpeg-dev libfreetype-dev libwebp-dev zlib1g-dev",
        "import io\n"
        "from PIL import Image, ImageFont, features\n"
        "for kind in 'JPEG', 'WEBP', 'PNG':\n"
        "    file = io.BytesIO(); Image.new('RGB', (9, 7), 'red').save(file, kind)\n"
        "    assert Image.open(io.BytesIO(file.getvalue())).convert('RGB').size == (9, 7)\n"
        "assert features.check('freetype2') and ImageFont.load_default(size=12).getlength('text') > 0\n",
        config=("jpeg=enable", "freetype=enable", "webp=enable", "tiff=disable", "jpeg2000=disable", "lcms=disable"),
    ),
    Source(
        "PyYAML",
        "6.0.2",
        "libyaml-dev",
        "import yaml, yaml._yaml\nassert yaml.load('[1, {a: b}]', Loader=yaml.CSafeLoader) == [1, {'a': 'b'}]\n",
        env={"PYYAML_FORCE_LIBYAML": "1"},
    ),
    Source(
        "PyNaCl",
        "1.5.0",
        "libsodium-dev",
        "import nacl.secret, nacl.utils\n"
        "box = nacl.secret.SecretBox(nacl.utils.random(32))\n"
        "assert box.decrypt(box.encrypt(b'secret')) == b'secret'\n",
        requires=("cffi==1.17.1", "pycparser==2.22"),
        env={"SODIUM_INSTALL": "system"},
    ),
    Source(
        "cffi",
        "1.17.1",
        "libffi-dev",
        "import cffi\n"
        "ffi = cffi.FFI(); ffi.cdef('int abs(int);')\n"
        "assert ffi.dlopen(None).abs(-3) == 3\n",
        requires=("pycparser==2.22",),
    ),
    Source(
        "mysqlclient",
        "2.2.6",
        "libmariadb-dev",
        "import MySQLdb\n"
        "assert MySQLdb.get_client_info()\n"
        "try: MySQLdb.connect(unix_socket='/nowhere')\n"
        "except MySQLdb.OperationalError as error: assert '/nowhere' in str(error), error\n",
    ),
    Source(
        "python-ldap",
        "3.4.4",
        "libldap-dev libsasl2-dev",
        "import ldap\n"
        "assert ldap.initialize('ldap://127.0.0.1:1').protocol_version == 3\n"
        "assert ldap.dn.str2dn('cn=a,dc=b')[0][0][:2] == ('cn', 'a')\n",
        requires=("pyasn1==0.6.1", "pyasn1-modules==0.4.1"),
    ),
    Source(
        "pygit2",
        "1.11.1",
        "libgit2-dev",
        "import pygit2, tempfile\n"
        "repository = pygit2.init_repository(tempfile.mkdtemp())\n"
        "assert len(str(repository.create_blob(b'content'))) == 40\n",
        requires=("cffi==1.17.1", "pycparser==2.22"),
        modules=("libssl.so.3", "libcrypto.so.3"),
    ),
]

# What a sample keeps: grafts with and without needs of their own, setuptools with and without cffi, C++ in what comes in.
SAMPLE = ("psycopg2", "pillow", "PyNaCl", "python-ldap")


def chosen(only, sample):
    """The sources that a pattern and, for a sample, SAMPLE leave."""
    return [source for source in SOURCES if fnmatch.fnmatchcase(source.name, only) and (not sample or source.name in SAMPLE)]


def packages():
    """All Debian packages that the builds and the suite need."""
    tools = {"gcc", "pkg-config", "python3-dev", "python3-venv", "util-linux"}
    return sorted(tools | {package for source in SOURCES for package in source.packages.split()})


def build(tools, source):
    """The unrepaired wheel of a source, built once."""
    folder = CACHE / f"{source.name}-{source.version}-{PYTHON}"
    built = sorted(folder.glob("*.whl"))
    if built:
        return built[0]
    scratch = folder.with_name(folder.name + ".part")
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    constraints = scratch / "constraints.txt"
    constraints.write_text(CONSTRAINTS)
    # Fast builds: what is compared is the linkage, not the code.
    env = clean_env(CFLAGS="-O0 -g0", CXXFLAGS="-O0 -g0", **source.env)
    command = ["wheel", "--quiet", "--no-deps", "--no-binary", source.name, "--wheel-dir", scratch]
    command += ["--build-constraint", constraints, "--no-cache-dir"]
    for setting in source.config:
        command += ["--config-settings", setting]
    tools.pip(*command, f"{source.name}=={source.version}", env=env)
    shutil.rmtree(folder, ignore_errors=True)
    scratch.rename(folder)
    [wheel] = folder.glob("*.whl")
    return wheel
