#ifndef TIDINGS_CYAML_SHIM_H
#define TIDINGS_CYAML_SHIM_H
#include <yaml.h>
#endif
