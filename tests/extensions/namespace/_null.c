#include <Python.h>

#include <uuid/uuid.h>

static PyObject *is_null(PyObject *module, PyObject *text)
{
    uuid_t parsed;
    const char *raw = PyUnicode_AsUTF8(text);
    (void)module;
    if (!raw)
        return NULL;
    if (uuid_parse(raw, parsed))
        return PyErr_Format(PyExc_ValueError, "not a UUID: %R", text);
    return PyBool_FromLong(uuid_is_null(parsed));
}

static PyMethodDef methods[] = {
    {"is_null", is_null, METH_O, "Whether all bits of the UUID are zero."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, .m_name = "_null", .m_methods = methods};

PyMODINIT_FUNC PyInit__null(void)
{
    return PyModuleDef_Init(&definition);
}
