#include "CTransfer.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

// Numbers of libcurl's interface (curl/curl.h).
enum {
  OPTION_URL = 10002,
  OPTION_WRITEDATA = 10001,
  OPTION_POSTFIELDS = 10015,
  OPTION_POSTFIELDSIZE_LARGE = 30120,
  OPTION_WRITEFUNCTION = 20011,
  OPTION_ERRORBUFFER = 10010,
  OPTION_LOW_SPEED_LIMIT = 19,
  OPTION_LOW_SPEED_TIME = 20,
  OPTION_HTTPHEADER = 10023,
  OPTION_HEADERDATA = 10029,
  OPTION_NOPROGRESS = 43,
  OPTION_NOBODY = 44,
  OPTION_XFERINFODATA = 10057,
  OPTION_CONNECTTIMEOUT = 78,
  OPTION_HEADERFUNCTION = 20079,
  OPTION_NOSIGNAL = 99,
  OPTION_PROTOCOLS = 181,
  OPTION_XFERINFOFUNCTION = 20219,
  OPTION_SUPPRESS_CONNECT_HEADERS = 265,
  PROTOCOL_HTTP = 1,
  PROTOCOL_HTTPS = 2,
  GLOBAL_ALL = 3,
  ERROR_WRITE = 23,
  ERROR_ABORTED_BY_CALLBACK = 42,
};

typedef struct string_list string_list;

static struct {
  void *library;
  int (*global_init)(long);
  void *(*init)(void);
  int (*set_option)(void *, int, ...);
  int (*perform)(void *);
  void (*cleanup)(void *);
  const char *(*reason)(int);
  string_list *(*append)(string_list *, const char *);
  void (*free_list)(string_list *);
} curl;

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void open_library(void) {
  const char *names[] = {"libcurl.so.4", "libcurl-gnutls.so.4", "libcurl.so", "libcurl.4.dylib"};
  for (size_t i = 0; i < sizeof names / sizeof *names && !curl.library; i++)
    curl.library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
  if (!curl.library) return;
  struct { const char *name; void **place; } functions[] = {
      {"curl_global_init", (void **)&curl.global_init},
      {"curl_easy_init", (void **)&curl.init},
      {"curl_easy_setopt", (void **)&curl.set_option},
      {"curl_easy_perform", (void **)&curl.perform},
      {"curl_easy_cleanup", (void **)&curl.cleanup},
      {"curl_easy_strerror", (void **)&curl.reason},
      {"curl_slist_append", (void **)&curl.append},
      {"curl_slist_free_all", (void **)&curl.free_list},
  };
  bool is_whole = true;
  for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
    *functions[i].place = dlsym(curl.library, functions[i].name);
    if (!*functions[i].place) is_whole = false;
  }
  if (!is_whole || curl.global_init(GLOBAL_ALL) != 0) curl.library = NULL;
}

static size_t take_line(char *bytes, size_t size, size_t count, void *context) {
  const ct_receiver *receiver = context;
  return receiver->line(receiver->context, bytes, size * count) ? size * count : 0;
}

static size_t take_body(char *bytes, size_t size, size_t count, void *context) {
  const ct_receiver *receiver = context;
  return receiver->body(receiver->context, bytes, size * count) ? size * count : 0;
}

// The counts are curl_off_t, which is 64 bits wide everywhere.
static int ask(void *context, int64_t total, int64_t now, int64_t up_total, int64_t up_now) {
  (void)total, (void)now, (void)up_total, (void)up_now;
  const ct_receiver *receiver = context;
  return receiver->goes_on(receiver->context) ? 0 : 1;
}

ct_end ct_transfer(const ct_request *request, const ct_receiver *receiver, char *reason) {
  reason[0] = 0;
  pthread_once(&once, open_library);
  if (!curl.library) return CT_MISSING;
  void *handle = curl.init();
  if (!handle) return CT_FAILED;
  string_list *headers = NULL;
  for (const char *const *header = request->headers; *header; header++) {
    string_list *longer = curl.append(headers, *header);
    if (!longer) {
      curl.free_list(headers);
      curl.cleanup(handle);
      return CT_FAILED;
    }
    headers = longer;
  }
  curl.set_option(handle, OPTION_URL, request->url);
  curl.set_option(handle, OPTION_HTTPHEADER, headers);
  if (request->head_only) curl.set_option(handle, OPTION_NOBODY, 1L);
  if (request->body) {
    // The size first: without it, the text's end would be looked for.
    curl.set_option(handle, OPTION_POSTFIELDSIZE_LARGE, (int64_t)request->body_size);
    curl.set_option(handle, OPTION_POSTFIELDS, request->body);
  }
  curl.set_option(handle, OPTION_PROTOCOLS, (long)(PROTOCOL_HTTP | PROTOCOL_HTTPS));
  curl.set_option(handle, OPTION_NOSIGNAL, 1L);
  curl.set_option(handle, OPTION_CONNECTTIMEOUT, 30L);
  // A server that accepts and never answers; who reads a body watches that itself.
  curl.set_option(handle, OPTION_LOW_SPEED_LIMIT, 1L);
  curl.set_option(
      handle, OPTION_LOW_SPEED_TIME, request->silence > 0 ? (long)request->silence : 60L);
  curl.set_option(handle, OPTION_SUPPRESS_CONNECT_HEADERS, 1L);
  curl.set_option(handle, OPTION_ERRORBUFFER, reason);
  curl.set_option(handle, OPTION_HEADERFUNCTION, take_line);
  curl.set_option(handle, OPTION_HEADERDATA, receiver);
  curl.set_option(handle, OPTION_WRITEFUNCTION, take_body);
  curl.set_option(handle, OPTION_WRITEDATA, receiver);
  curl.set_option(handle, OPTION_NOPROGRESS, 0L);
  curl.set_option(handle, OPTION_XFERINFOFUNCTION, ask);
  curl.set_option(handle, OPTION_XFERINFODATA, receiver);
  int status = curl.perform(handle);
  if (status != 0 && reason[0] == 0) snprintf(reason, CT_REASON_SIZE, "%s", curl.reason(status));
  curl.cleanup(handle);
  curl.free_list(headers);
  if (status == 0) return CT_DONE;
  return status == ERROR_WRITE || status == ERROR_ABORTED_BY_CALLBACK ? CT_STOPPED : CT_FAILED;
}
