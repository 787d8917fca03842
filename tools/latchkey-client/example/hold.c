/* Holds capacity until it is told to stop, and says how it stands:
 *
 *   latchkey-client-example CONSUMER OBJECT UNIT QUANTITY DIRECTORY
 *   latchkey-client-example CONSUMER OBJECT UNIT QUANTITY unix:/run/latchkey/agent.sock
 *
 * A line on standard input is a new quantity; its end gives everything back. Exit code 0: given
 * back; 1: not; 2: wrong usage. */
#include <inttypes.h>
#include <latchkey_client.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void on_change(const latchkey_status* status, void* context) {
  (void)context;
  printf("%s", latchkey_state_name(status->state));
  for (size_t i = 0; i < status->held_count; ++i)
    printf(" %" PRIu64 " %s/%s", status->held[i].quantity, status->held[i].object,
           status->held[i].unit);
  if (status->code[0] != '\0') printf(": %s [%s]", status->message, status->code);
  if (status->pool_object[0] != '\0')
    printf(" total %" PRIu64 " used %" PRIu64 " available %" PRIu64, status->pool_total,
           status->pool_used, status->pool_available);
  printf("\n");
  fflush(stdout);
}

static int report(const latchkey_error* error) {
  fprintf(stderr, "%s [%s]\n  %s\n", error->message, error->code, error->cure);
  return 2;
}

int main(int argc, char** argv) {
  if (argc != 6) {
    fprintf(stderr, "usage: %s CONSUMER OBJECT UNIT QUANTITY DIRECTORY|unix:SOCKET\n", argv[0]);
    return 2;
  }
  const char* place = argv[5];
  latchkey_options options = {0};
  options.size = sizeof options;
  options.consumer = argv[1];
  options.ttl_s = 15; /* so long others wait for what it held if it dies */
  options.on_change = on_change;
  if (strncmp(place, "unix:", 5) == 0) {
    options.servers = &place;
    options.server_count = 1;
  } else {
    options.directory = place;
  }
  latchkey_error error;
  latchkey_client* client = latchkey_open(&options, &error);
  if (client == NULL) return report(&error);

  latchkey_quantity usage = {argv[2], argv[3], strtoull(argv[4], NULL, 10)};
  char line[32];
  do {
    if (latchkey_use(client, &usage, 1, &error) != 0) return report(&error);
    if (fgets(line, sizeof line, stdin) == NULL) break;
    usage.quantity = strtoull(line, NULL, 10);
  } while (1);
  return latchkey_close(client, 1, 5000) == 0 ? 0 : 1;
}
