#ifndef TIDINGS_CZSTD_SHIM_H
#define TIDINGS_CZSTD_SHIM_H
#include <zstd.h>
#endif
