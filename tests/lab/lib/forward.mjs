// A forwarder of connections, run inside a namespace:  node forward.mjs LISTEN TO
// LISTEN and TO are 10.77.0.1:8080, [::1]:8080, or the path of a socket file; files are the same in all namespaces.
// For browsers, for which a page is a secure context on localhost only, and for servers that shall be had at a second address.

import net from 'node:net';
import { addressOf, portOf } from './plan.mjs';

const endpoint = (text) => (text.startsWith('/') ? { path: text } : { host: addressOf(text), port: portOf(text) });

const [listen, to] = process.argv.slice(2);
const server = net.createServer((one) => {
  const other = net.connect(endpoint(to));
  one.pipe(other).pipe(one);
  for (const [from, into] of [[one, other], [other, one]]) {
    from.on('error', () => into.destroy());
    from.on('close', () => into.destroy());
  }
});
server.listen(endpoint(listen), () => console.log('ready'));
