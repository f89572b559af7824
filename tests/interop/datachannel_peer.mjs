// A peer for tests of data channels, for any stack with the W3C's API: Node's and browsers'. It imports nothing, so that a
// page can load it. datachannel_peer.cc and datachannel_aiortc.py do the same.
//
// Commands, one JSON object each:                        Events:
//   {do: create, label, init}                              {event: open, label, protocol, ordered, …, id}
//   {do: offer}, {do: description, type, sdp}              {event: description, type, sdp}
//   {do: candidate, candidate, sdpMid, sdpMLineIndex}      {event: candidate, …}
//   {do: send, label, sizes, seed, text, close?}           {event: message, label, text, size, sha256}
//   {do: send zeros, label, size}: datachannel_peer.cc only
//   {do: close, label}                                     {event: closed, label}
//   {do: churn, count, at_once, linger}: opens channels,   {event: churned}
//     and closes each `linger` ms after
//   {do: count}: what it has seen of the other's churn     {event: count, opened, closed}
// Besides: {event: channel, …} when the other side made a channel, {event: error, name, message}, {event: state, state}.

let block;

// Pseudo-random bytes of a prime period, so that no fragment looks like its neighbour.
export function content(size, seed, text) {
  if (!block) {
    block = new Uint8Array(65521);
    for (let i = 0, x = 1; i < block.length; ++i) {
      x = (Math.imul(x, 1103515245) + 12345) & 0x7fffffff;
      block[i] = x >> 16;
    }
  }
  const message = new Uint8Array(size);
  for (let i = 0; i < size; ++i) {
    const byte = block[(i + seed * 7919) % block.length];
    message[i] = text ? 97 + byte % 26 : byte;
  }
  if (text && size >= 16) message.set(new TextEncoder().encode('é€😀'));
  return message;
}

// `sha256`: of bytes to hexadecimal, may be asynchronous.
export function makePeer(RTCPeerConnection, emit, sha256) {
  const connection = new RTCPeerConnection({ iceServers: [] });
  const channels = new Map(); // by label
  const churning = new Set(); // wrtc's channels are lost, with their events, when nobody holds them
  const seen = { opened: 0, closed: 0 };
  let early = []; // candidates before the description
  let last = Promise.resolve(); // events that need time stay in order
  const inOrder = (make) => { last = last.then(make).then(emit); };
  const fail = (error) => emit({ event: 'error', name: error.name, message: String(error.message ?? error) });

  connection.onicecandidate = ({ candidate }) => {
    if (!candidate?.candidate) return;
    emit({ event: 'candidate', candidate: candidate.candidate, sdpMid: candidate.sdpMid, sdpMLineIndex: candidate.sdpMLineIndex });
  };
  connection.onconnectionstatechange = () => emit({ event: 'state', state: connection.connectionState });
  connection.ondatachannel = ({ channel }) => adopt(channel, 'channel');

  // wrtc says 65535 where there is none.
  const limit = (value) => (value === undefined || value === 65535 ? null : value);

  function adopt(channel, event) {
    if (channel.label.startsWith('churn')) {
      ++seen.opened;
      churning.add(channel);
      channel.onclose = () => { ++seen.closed; churning.delete(channel); };
      return;
    }
    const { label } = channel;
    channels.set(label, channel);
    channel.binaryType = 'arraybuffer';
    channel.onmessage = ({ data }) => {
      const text = typeof data === 'string';
      const bytes = text ? new TextEncoder().encode(data) : new Uint8Array(data);
      inOrder(async () => ({ event: 'message', label, text, size: bytes.length, sha256: await sha256(bytes) }));
    };
    const opened = () => inOrder(() => ({ event, label, protocol: channel.protocol, ordered: channel.ordered,
      negotiated: channel.negotiated, maxRetransmits: limit(channel.maxRetransmits),
      maxPacketLifeTime: limit(channel.maxPacketLifeTime), id: channel.id }));
    channel.onclose = () => inOrder(() => ({ event: 'closed', label }));
    if (channel.readyState === 'open') opened();
    else channel.onopen = opened;
  }

  async function describe(description) {
    await connection.setLocalDescription(description);
    const { type, sdp } = connection.localDescription;
    emit({ event: 'description', type, sdp });
  }

  function churn({ count, at_once: atOnce, linger }) {
    let left = count;
    let open = count;
    const one = () => {
      if (left === 0) return;
      const channel = connection.createDataChannel(`churn ${--left}`);
      churning.add(channel);
      channel.onopen = () => (linger ? setTimeout(() => channel.close(), linger) : channel.close());
      channel.onclose = () => {
        churning.delete(channel);
        if (--open === 0) emit({ event: 'churned' });
        one();
      };
    };
    for (let i = 0; i < atOnce; ++i) one();
  }

  const commands = {
    create: ({ label, init }) => adopt(connection.createDataChannel(label, init), 'open'),
    offer: async () => describe(await connection.createOffer()),
    async description({ type, sdp }) {
      await connection.setRemoteDescription({ type, sdp });
      for (const candidate of early) await connection.addIceCandidate(candidate);
      early = null;
      if (type === 'offer') await describe(await connection.createAnswer());
    },
    async candidate({ candidate, sdpMid, sdpMLineIndex }) {
      if (!candidate) return;
      if (early) early.push({ candidate, sdpMid, sdpMLineIndex });
      else await connection.addIceCandidate({ candidate, sdpMid, sdpMLineIndex });
    },
    send({ label, sizes, seed, text, close }) {
      const channel = channels.get(label);
      for (const size of sizes) {
        const message = content(size, seed++, text);
        channel.send(text ? new TextDecoder().decode(message) : makePeer.wrap(message));
      }
      if (close) channel.close();
    },
    close: ({ label }) => channels.get(label).close(),
    churn,
    count: () => emit({ event: 'count', ...seen }),
  };
  return async (command) => {
    try {
      await commands[command.do](command);
    } catch (error) {
      fail(error);
    }
  };
}

// What the stack's send() takes for binary: werift wants Buffers.
makePeer.wrap = (bytes) => bytes;
