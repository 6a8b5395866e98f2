#include <pybind11/pybind11.h>
#include <snappy.h>

#include <stdexcept>
#include <string>

namespace py = pybind11;

static py::bytes compress(const std::string &data)
{
    std::string out;
    snappy::Compress(data.data(), data.size(), &out);
    return py::bytes(out);
}

static py::bytes uncompress(const std::string &data)
{
    std::string out;
    // Thrown through the extension, into Python: the unwinder must find its way in patched files too.
    if (!snappy::Uncompress(data.data(), data.size(), &out))
        throw std::invalid_argument("not snappy data");
    return py::bytes(out);
}

PYBIND11_MODULE(_snappy, module)
{
    module.def("compress", &compress);
    module.def("uncompress", &uncompress);
}
