// A TCP forwarder, run inside a namespace:  node forward.mjs LISTEN_ADDRESS LISTEN_PORT TO_ADDRESS TO_PORT
// For browsers, for which a page is a secure context on localhost only, and for servers that shall be had at a second address.

import net from 'node:net';

const [listenAddress, listenPort, address, port] = process.argv.slice(2);
const server = net.createServer((from) => {
  const to = net.connect(Number(port), address);
  from.pipe(to).pipe(from);
  for (const [one, other] of [[from, to], [to, from]]) {
    one.on('error', () => other.destroy());
    one.on('close', () => other.destroy());
  }
});
server.listen(Number(listenPort), listenAddress, () => console.log('ready'));
