// Ends with 1 and one line that says why, where there can be no lab.

import { sweep, unavailable } from './netns.mjs';

const reason = unavailable();
if (reason) {
  console.log(reason);
  process.exit(1);
}
sweep();
