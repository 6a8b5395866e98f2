#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <uuid/uuid.h>

static PyObject *canonical(PyObject *module, PyObject *text)
{
    uuid_t parsed;
    char written[37];
    const char *raw = PyUnicode_AsUTF8(text);
    (void)module;
    if (!raw)
        return NULL;
    if (uuid_parse(raw, parsed))
        return PyErr_Format(PyExc_ValueError, "not a UUID: %R", text);
    uuid_unparse_lower(parsed, written);
    return PyUnicode_FromString(written);
}

static PyMethodDef methods[] = {
    {"canonical", canonical, METH_O, "The UUID in lower case."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, .m_name = "_uuid", .m_methods = methods};

PyMODINIT_FUNC PyInit__uuid(void)
{
    return PyModuleDef_Init(&definition);
}
