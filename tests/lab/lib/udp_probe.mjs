// Says what kind of NAT is in the way, as RFC 5780 §4.3 and §4.4 would:  node udp_probe.mjs serve | ask
// `serve` runs in pub, `ask` in a client's namespace; `ask` prints {mapped: [three endpoints], otherAddress, otherPort}: the
// mappings toward three endpoints, and whether answers came from an endpoint that was not asked.

import dgram from 'node:dgram';

const kAddresses = ['10.77.0.1', '10.77.0.2'];
const kPorts = [7000, 7001];
const kWait = 400; // ms for an answer that may never come
const kHome = { address: kAddresses[0], port: kPorts[0] };

const open = (port, address) => new Promise((resolve) => {
  const socket = dgram.createSocket('udp4');
  socket.bind(port, address, () => resolve(socket));
});

async function serve() {
  const sockets = new Map();
  for (const address of kAddresses) for (const port of kPorts) sockets.set(`${address}:${port}`, await open(port, address));
  for (const socket of sockets.values()) {
    socket.on('message', (text, from) => { // the message names the endpoint that shall answer; empty: the one that was asked
      const answering = sockets.get(String(text)) ?? socket;
      answering.send(`${from.address}:${from.port}`, from.port, from.address);
    });
  }
  console.log('ready');
}

async function ask() {
  const socket = await open(0);
  const question = (to, answerer = '') => new Promise((resolve) => {
    const timer = setTimeout(() => resolve(null), kWait);
    socket.once('message', (text) => { clearTimeout(timer); resolve(String(text)); });
    socket.send(answerer, to.port, to.address);
  });
  // Filtering first: what the client sends to the other endpoints opens the way for their answers.
  const home = await question(kHome);
  const otherAddress = await question(kHome, `${kAddresses[1]}:${kPorts[1]}`) !== null;
  socket.removeAllListeners('message');
  const otherPort = await question(kHome, `${kAddresses[0]}:${kPorts[1]}`) !== null;
  socket.removeAllListeners('message');
  const mapped = [home, await question({ ...kHome, port: kPorts[1] }), await question({ ...kHome, address: kAddresses[1] })];
  console.log(JSON.stringify({ mapped, otherAddress, otherPort }));
  socket.close();
}

await (process.argv[2] === 'serve' ? serve() : ask());
