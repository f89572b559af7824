// Asks a TURN server for a relay over UDP, run inside a namespace:  node allocate.mjs HOST PORT USER PASSWORD
// Prints 200, or the code of the error; 0 if nobody answers.

import { allocate, askUdp } from '../../interop/lib/stun.mjs';
import dgram from 'node:dgram';

const [host, port, user, password] = process.argv.slice(2);
const socket = dgram.createSocket(host.includes(':') ? 'udp6' : 'udp4');
const answer = await allocate((message) => askUdp({ host, port: Number(port) }, message, { socket }), user, password);
console.log(answer ? (answer.success ? 200 : answer.error) : 0);
socket.close();
