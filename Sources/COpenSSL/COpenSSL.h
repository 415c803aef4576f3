/* What we use of OpenSSL: digests, TLS, certificates, and the words for what went wrong. Everything here is documented at
   https://docs.openssl.org/3.0/man3/. The functions at the end are macros there, which Swift does not see. */
#ifndef CHAT_COPENSSL_H
#define CHAT_COPENSSL_H

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

static inline long copenssl_mem_data(BIO *bio, char **data) { return BIO_get_mem_data(bio, data); }

static inline long copenssl_set_min_version(SSL_CTX *context, int version) {
  return SSL_CTX_set_min_proto_version(context, version);
}

/* The server's choice of the cipher, but ChaCha20 for clients without AES in hardware; no renegotiation, no compression; the
   end of the socket is the end of the stream. */
static inline void copenssl_set_options(SSL_CTX *context) {
  SSL_CTX_set_options(context, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA | SSL_OP_NO_RENEGOTIATION |
                                   SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF);
}

static inline int copenssl_set_groups(SSL_CTX *context, const char *names) {
  return (int)SSL_CTX_set1_groups_list(context, names);
}

static inline long copenssl_set_mode(SSL_CTX *context, long mode) { return SSL_CTX_set_mode(context, mode); }

static inline void copenssl_set_read_ahead(SSL_CTX *context, int yes) { SSL_CTX_set_read_ahead(context, yes); }

static inline void copenssl_disable_session_cache(SSL_CTX *context) {
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
}

static inline long copenssl_add_chain_certificate(SSL_CTX *context, X509 *certificate) {
  return SSL_CTX_add1_chain_cert(context, certificate);
}

static inline long copenssl_set_host_name(SSL *session, const char *name) {
  return SSL_set_tlsext_host_name(session, name);
}

static inline void copenssl_set_message_argument(SSL *session, void *argument) {
  SSL_set_msg_callback_arg(session, argument);
}

static inline EVP_PKEY *copenssl_generate_key(void) { return EVP_EC_gen("P-256"); }

static inline X509 *copenssl_peer_certificate(const SSL *session) { return SSL_get1_peer_certificate(session); }

static inline void copenssl_free_certificates(STACK_OF(X509) *certificates) {
  sk_X509_pop_free(certificates, X509_free);
}

static inline int copenssl_permitted_count(const NAME_CONSTRAINTS *constraints) {
  return sk_GENERAL_SUBTREE_num(constraints->permittedSubtrees);
}

static inline const GENERAL_NAME *copenssl_permitted(const NAME_CONSTRAINTS *constraints, int index) {
  return sk_GENERAL_SUBTREE_value(constraints->permittedSubtrees, index)->base;
}

static inline int copenssl_reason(unsigned long code) { return ERR_GET_REASON(code); }

static inline int copenssl_is_system_error(unsigned long code) { return ERR_SYSTEM_ERROR(code); }

#endif
