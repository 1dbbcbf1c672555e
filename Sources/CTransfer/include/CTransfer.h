#pragma once
#include <stdbool.h>
#include <stddef.h>

// One exchange by HTTP, with libcurl.
//
// The library is opened when it is first needed: it brings two dozen others with it, which would make
// every start of the program a tenth of a second slower on a busy machine, network or not. Only
// functions and numbers are used that are part of its stable interface (libcurl 7.54 and later).

typedef struct ct_request {
  const char *url;
  /// Asks for no body.
  bool head_only;
  /// `Name: value`, ended by NULL.
  const char *const *headers;
  /// What is sent (POST), of `body_size` bytes; NULL for a request without.
  const char *body;
  size_t body_size;
  /// Seconds in which something must come; 0 for a minute.
  int silence;
} ct_request;

/// Each is told whether to go on by what it returns.
typedef struct ct_receiver {
  void *context;
  /// A line of the head, with its line end; an empty one ends it.
  bool (*line)(void *context, const char *bytes, size_t count);
  bool (*body)(void *context, const char *bytes, size_t count);
  /// Is asked about once a second, also while nothing comes.
  bool (*goes_on)(void *context);
} ct_receiver;

enum { CT_REASON_SIZE = 256 };

typedef enum ct_end {
  CT_DONE,
  /// The receiver did not want more.
  CT_STOPPED,
  CT_FAILED,
  /// There is no libcurl.
  CT_MISSING,
} ct_end;

/// Runs to the end of the exchange. Follows no redirect. May be called from several threads.
///
/// - reason: [CT_REASON_SIZE] says why it failed.
ct_end ct_transfer(const ct_request *request, const ct_receiver *receiver, char *reason);
