#ifndef LATCHKEY_CLIENT_H
#define LATCHKEY_CLIENT_H

/* The license server's client for programs in C and whatever can call C. See docs/integration.md.
 *
 * A client holds capacity for one consumer, keeps its lease alive on a thread of its own, goes to
 * the next server when one fails, and says by callback how it stands. No call throws, and none
 * waits for the network unless it is told how long. All calls may come from any thread. Texts are
 * UTF-8 and end with a zero byte.
 *
 * Structures begin with their size, which the caller sets (sizeof), so that later versions can
 * append members. */

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct latchkey_client latchkey_client;

typedef struct latchkey_quantity {
  const char* object; /* license object, e.g. "kvm" */
  const char* unit;   /* metering unit, e.g. "cpu-socket" */
  uint64_t quantity;
} latchkey_quantity;

/* The numbers stay as they are. */
typedef enum latchkey_state {
  LATCHKEY_CONNECTING = 0, /* nothing is held, and no server has answered yet */
  LATCHKEY_CONNECTED = 1,  /* a server knows this consumer; it uses nothing */
  LATCHKEY_HOLDING = 2,    /* what was stated is held */
  LATCHKEY_REFUSED = 3,    /* the last statement was refused; what was held before still is */
  LATCHKEY_AT_RISK = 4,    /* nobody confirmed the lease for its TTL: it may have ended */
  LATCHKEY_LOST = 5,       /* the lease ended, and the server refused a new one */
  LATCHKEY_RELEASED = 6    /* given back */
} latchkey_state;

/* How it stands. The texts are never null, and live as long as the structure they came in: in a
 * callback until it returns, in latchkey_wait() and latchkey_get_status() until the next call of
 * one of these on the same thread. */
typedef struct latchkey_status {
  size_t size;
  latchkey_state state;
  int settled;        /* the last latchkey_use() was answered, whichever way */
  uint64_t left_ms;   /* of the lease, if nothing more is heard */
  const char* server; /* the address in use */
  /* What is wrong, as of the last request; empty texts when nothing is. */
  const char* code; /* stable, e.g. "capacity-exhausted", "server-unreachable" */
  const char* message;
  const char* cure;
  /* Of the pool that has not enough left; empty texts when that is not what is wrong. */
  const char* pool_object;
  const char* pool_unit;
  uint64_t pool_total, pool_used, pool_available;
  /* What is held. */
  const latchkey_quantity* held;
  size_t held_count;
} latchkey_status;

/* Called on the client's thread, at each change. It may call the client, latchkey_close()
 * included, must not throw, and should not take long: it holds the heartbeats up. */
typedef void (*latchkey_callback)(const latchkey_status* status, void* context);

typedef struct latchkey_options {
  size_t size;
  const char* consumer; /* 1 to 64 letters, digits and . _ : - ; the same after a restart */
  /* "https://HOST:8201" of the virtual address and of the nodes, or
   * "unix:/run/latchkey/agent.sock", in order of preference; none: those that the directory names.
   */
  const char* const* servers;
  size_t server_count;
  const char* directory;       /* of `latchkey connect`; null when only sockets are used */
  uint32_t ttl_s;              /* how long the lease outlives the last heartbeat; 0: 60 */
  latchkey_callback on_change; /* may be null */
  void* context;
} latchkey_options;

typedef struct latchkey_error {
  char code[64];
  char message[512];
  char cure[512];
} latchkey_error;

/* Null when the options are wrong or the credentials cannot be read; `error` (may be null) says
 * why. Does not connect yet. */
latchkey_client* latchkey_open(const latchkey_options* options, latchkey_error* error);

/* All that the application uses from now on, `count` pools; what is not named is given back.
 * Returns at once: 0, or -1 when it cannot be stated. `error` may be null. */
int latchkey_use(latchkey_client* client, const latchkey_quantity* usage, size_t count,
                 latchkey_error* error);

/* How it stands now: always 0, or -1 when `status` has a size that is not known. */
int latchkey_get_status(const latchkey_client* client, latchkey_status* status);
/* Waits until the last latchkey_use() was answered, `timeout_ms` at most: 0, or -1 when it was not
 * answered. `status` may be null. */
int latchkey_wait(const latchkey_client* client, uint32_t timeout_ms, latchkey_status* status);

/* Ends the client and frees it, having given the lease back if `release` is not 0; waits for
 * `timeout_ms` at most. 0, or -1 when that could not be done in time: the lease then ends with its
 * TTL; a thread that hangs in a name look-up ends by itself and calls nothing back (do not unload
 * the library). Null is nothing to do. */
int latchkey_close(latchkey_client* client, int release, uint32_t timeout_ms);

/* "holding", … */
const char* latchkey_state_name(latchkey_state state);
const char* latchkey_version(void);

#ifdef __cplusplus
}
#endif

#endif
