// The ICE servers that the signaling server names (docs/signaling.md §4).

import { urlsOf } from './diagnosis.js';
import { Signaling } from './signaling.js';

const kMaxServers = 16; // browsers warn above a handful, and each costs time
const kAsk = 8000;      // ms

// Those that this browser takes. It would refuse the whole list for one that it does not understand, and with it the call.
export function usable(servers) {
  if (!Array.isArray(servers)) return [];
  return servers.slice(0, kMaxServers).filter((server) => {
    if (urlsOf(server).length === 0) return false;
    try {
      new RTCPeerConnection({ iceServers: [server] }).close();
      return true;
    } catch (error) {
      console.warn(`left out an ICE server: ${error.message}`);
      return false;
    }
  });
}

// Asks the server, from a room where nobody else is. Rejects with a sentence.
export function askIceServers() {
  const random = crypto.getRandomValues(new Uint8Array(12));
  const room = `check-${Array.from(random, (b) => b.toString(16).padStart(2, '0')).join('')}`;
  const signaling = new Signaling({ room, name: '' });
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('The server does not answer.')), kAsk);
    signaling.addEventListener('refused', ({ detail }) => { clearTimeout(timer); reject(new Error(detail.text)); });
    signaling.addEventListener('message', ({ detail }) => {
      if (detail.type !== 'joined') return;
      clearTimeout(timer);
      resolve(detail.ice_servers ?? []);
    });
    signaling.connect();
  }).finally(() => signaling.close());
}
