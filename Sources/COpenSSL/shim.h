#ifndef TIDINGS_COPENSSL_SHIM_H
#define TIDINGS_COPENSSL_SHIM_H
// What does not import into Swift (function-like macros) gets an inline function here.
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

static inline int tidings_ssl_set_host_name(SSL *ssl, const char *name) {
    return (int)SSL_set_tlsext_host_name(ssl, name);
}
static inline int tidings_ssl_ctx_set_min_tls12(SSL_CTX *context) {
    return SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
}
static inline void tidings_ssl_ctx_set_client_modes(SSL_CTX *context) {
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER
                                  | SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
}
static inline size_t tidings_bio_pending(BIO *bio) { return BIO_ctrl_pending(bio); }
// Reads of an empty memory BIO mean "not yet", never the end.
static inline void tidings_bio_set_retry(BIO *bio) { BIO_set_mem_eof_return(bio, -1); }
// The bytes a memory BIO holds; valid until it is changed.
static inline size_t tidings_bio_bytes(BIO *bio, char **bytes) {
    long count = BIO_get_mem_data(bio, bytes);
    return count > 0 ? (size_t)count : 0;
}
static inline int tidings_bio_reset(BIO *bio) { return BIO_reset(bio); }
#endif
