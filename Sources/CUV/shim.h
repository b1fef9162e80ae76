#ifndef TIDINGS_CUV_SHIM_H
#define TIDINGS_CUV_SHIM_H
#include <uv.h>
#endif
