#define Py_LIMITED_API 0x03080000
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <yaml.h>

static PyObject *events(PyObject *module, PyObject *args)
{
    const char *text;
    Py_ssize_t size;
    yaml_parser_t parser;
    yaml_event_t event;
    long count = 0;
    int last = 0;
    (void)module;
    if (!PyArg_ParseTuple(args, "s#:events", &text, &size) || !yaml_parser_initialize(&parser))
        return NULL;
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, (size_t)size);
    while (!last && yaml_parser_parse(&parser, &event)) {
        last = event.type == YAML_STREAM_END_EVENT;
        count++;
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    if (!last)
        return PyErr_Format(PyExc_ValueError, "not YAML: %s", text);
    return PyLong_FromLong(count);
}

static PyMethodDef methods[] = {
    {"events", events, METH_VARARGS, "events(text): how many events libyaml sees."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, .m_name = "_yaml", .m_methods = methods};

PyMODINIT_FUNC PyInit__yaml(void)
{
    return PyModuleDef_Init(&definition);
}
