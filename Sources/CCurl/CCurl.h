/* What we use of libcurl. Everything here is documented at https://curl.se/libcurl/c/. The functions at the end give types
   to those that take any, which Swift does not see. */
#ifndef CHAT_CCURL_H
#define CHAT_CCURL_H

#include <curl/curl.h>

static inline CURLcode ccurl_start(void) { return curl_global_init(CURL_GLOBAL_DEFAULT); }

static inline CURLcode ccurl_set_string(CURL *handle, CURLoption option, const char *value) {
  return curl_easy_setopt(handle, option, value);
}

static inline CURLcode ccurl_set_long(CURL *handle, CURLoption option, long value) {
  return curl_easy_setopt(handle, option, value);
}

static inline CURLcode ccurl_set_size(CURL *handle, CURLoption option, curl_off_t value) {
  return curl_easy_setopt(handle, option, value);
}

static inline CURLcode ccurl_set_fields(CURL *handle, struct curl_slist *fields) {
  return curl_easy_setopt(handle, CURLOPT_HTTPHEADER, fields);
}

static inline void ccurl_on_head(CURL *handle, curl_write_callback function, void *context) {
  curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, function);
  curl_easy_setopt(handle, CURLOPT_HEADERDATA, context);
}

static inline void ccurl_on_body(CURL *handle, curl_write_callback function, void *context) {
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, function);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, context);
}

static inline void ccurl_on_upload(CURL *handle, curl_read_callback function, void *context) {
  curl_easy_setopt(handle, CURLOPT_READFUNCTION, function);
  curl_easy_setopt(handle, CURLOPT_READDATA, context);
}

/* Calls a function with each new socket, before it is connected. */
static inline void ccurl_on_socket(CURL *handle, curl_sockopt_callback function, void *context) {
  curl_easy_setopt(handle, CURLOPT_SOCKOPTFUNCTION, function);
  curl_easy_setopt(handle, CURLOPT_SOCKOPTDATA, context);
}

static inline long ccurl_status(CURL *handle) {
  long status = 0;
  curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
  return status;
}

#endif
