/* What we use of libqrencode. Everything here is documented in its header, and at https://fukuchi.org/works/qrencode/manual/. */
#ifndef CHAT_CQRENCODE_H
#define CHAT_CQRENCODE_H

#include <qrencode.h>

#endif
