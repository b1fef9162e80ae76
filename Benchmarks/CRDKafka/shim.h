#ifndef TIDINGS_CRDKAFKA_SHIM_H
#define TIDINGS_CRDKAFKA_SHIM_H
#include <librdkafka/rdkafka.h>
#endif
