// What `tidewire doctor` finds out.

import { BIN, reportOf } from '../../browser/lib/tidewire.mjs';
import { USER } from './coturn.mjs';

// What it says of side A's net, and its exit status.
export async function examine(lab, servers, { url, credential = USER.credential, json = true } = {}) {
  const args = ['doctor', ...(url ? [url] : []), ...servers.flatMap((server) => ['--ice-server', server]),
    '--ice-username', USER.username, '--ice-credential', credential, '--tls-ca', lab.ca, '--timeout', '3s', ...(json ? ['--json'] : [])];
  const program = lab.start('labA', BIN, args);
  const status = await program.exited;
  return { status, said: program.said, report: json ? reportOf(program) : program.stdout };
}

export const serverOf = (report, url) => report.servers.find((server) => server.url === url);
