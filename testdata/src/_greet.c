/* The extension module, written by hand against the stable ABI of CPython 3.8. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "greet.h"

#include <stdlib.h>

static PyObject *greet(PyObject *module, PyObject *args)
{
    const char *name;
    const char *language = "en";
    (void)module;
    if (!PyArg_ParseTuple(args, "s|s:greet", &name, &language))
        return NULL;
    char *message = greet_message(language, name);
    if (!message)
        return PyErr_Format(PyExc_ValueError, "no words for the language %s", language);
    PyObject *text = PyUnicode_FromString(message);
    free(message);
    return text;
}

static PyMethodDef methods[] = {
    {"greet", greet, METH_VARARGS, "greet(name, language='en'): a greeting."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    .m_base = PyModuleDef_HEAD_INIT,
    .m_name = "_greet",
    .m_size = 0,
    .m_methods = methods,
};

PyMODINIT_FUNC PyInit__greet(void)
{
    return PyModuleDef_Init(&definition);
}
