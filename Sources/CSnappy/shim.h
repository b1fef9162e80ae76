#ifndef TIDINGS_CSNAPPY_SHIM_H
#define TIDINGS_CSNAPPY_SHIM_H
#include <snappy-c.h>
#endif
