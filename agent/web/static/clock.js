// The agent's license time, as far as this browser can tell: ages and countdowns are of the agent's clock, not of ours.

let ahead = 0; // milliseconds that the agent's wall clock is ahead of ours
let license = 0; // milliseconds that its license time is ahead of its wall clock

/** The Date header of any answer. */
export function noteAnswer(date) {
  const said = Date.parse(date ?? '');
  // Whole seconds come: half of one is the least error.
  if (!Number.isNaN(said)) ahead = said + 500 - Date.now();
}

export function noteStatus(status) {
  license = Date.parse(status.clock.license_time) - Date.parse(status.clock.wall_time) || 0;
}

export const now = () => Date.now() + ahead + license;
