/* What we use of OpenSSL's libcrypto: digests, and the words for what went wrong. Everything here is
   documented at https://docs.openssl.org/3.0/man3/. */
#ifndef CHAT_COPENSSL_H
#define CHAT_COPENSSL_H

#include <openssl/err.h>
#include <openssl/evp.h>

#endif
