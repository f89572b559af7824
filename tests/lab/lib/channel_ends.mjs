// The ends of tests/interop's data channels, each in a namespace of the lab.

import path from 'node:path';
import { OURS, ProcessEnd, browserEnd, servePage } from '../../interop/datachannel_ends.mjs';
import { startBrowser } from './pages.mjs';

export function ourEndIn(lab, side) {
  const end = new ProcessEnd(`tidewire ${side.letter}`, ['ip', 'netns', 'exec', lab.ns(side.lab), 'setpriv', '--pdeathsig', 'KILL', OURS]);
  lab.keep({ stop: () => end.stop(), kill: () => end.process.kill('SIGKILL'),
    get said() { return `${end.name}\n${end.events.map((event) => JSON.stringify(event)).join('\n')}\n${end.complaints}`; } });
  return end;
}

// The page is served here, and had at the same port in the browser's namespace.
export async function browserEndIn(lab, side, name) {
  const server = await servePage();
  lab.keep({ stop: () => server.close(), kill: () => server.close(), said: '' });
  const here = `127.0.0.1:${server.address().port}`;
  const file = path.join(lab.folder, `page-${side.letter}`);
  await lab.forward(null, file, here);
  await lab.forward(side.lab, here, file);
  return browserEnd(name, await startBrowser(lab, side, name), server);
}
