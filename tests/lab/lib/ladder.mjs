// A call between our peer and Chromium over a line whose capacity goes down and up again, and what each of them makes of it.
//
// Both send pictures with noise, which have use for any rate, and a tone. The line is A's; our peer is A, Chromium is B, and
// either direction has the capacity to itself.

import { pageStats, peerCalls } from '../../browser/lib/bare_call.mjs';
import { until } from '../../browser/lib/wait.mjs';
import { barePageIn, lineOf, mediaPeerIn, told } from './media_ends.mjs';

export const kLine = { delay: 25, queue: 250, rate: 5 }; // ms, ms, Mbit/s

const kMostVideo = 5_000_000; // bits per second; of both
const kMostAudio = 128_000;

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export class LadderCall {
  // {size, rate}: of the cameras. `control`: of our peer.
  static async start(lab, { size = [640, 360], rate = 20, control = 'tidewire' } = {}) {
    const page = await barePageIn(lab, lab.b, 'chromium');
    const peer = mediaPeerIn(lab, lab.a, [String(kMostVideo), `audio=${kMostAudio}`, `control=${control}`]);
    peer.do('add', { kind: 'video', size, rate, grain: true, prefer: ['video/VP8'] });
    peer.do('add', { kind: 'audio', tone: 440 });
    const prepared = new Function(`return (async () => {
      for (const transceiver of window.pc.getTransceivers()) {
        transceiver.direction = 'sendrecv';
        const video = transceiver.receiver.track.kind === 'video';
        await transceiver.sender.replaceTrack(video ? window.camera(${size}, ${rate}, true) : window.microphone(660));
      }
    })()`);
    await peerCalls(peer, page, { prepared });
    // By itself Chromium stops at what it deems enough for that size.
    await page.evaluate(async (maxBitrate) => {
      const sender = window.pc.getSenders().find((s) => s.track.kind === 'video');
      const parameters = sender.getParameters();
      parameters.encodings[0].maxBitrate = maxBitrate;
      await sender.setParameters(parameters);
    }, kMostVideo);
    const call = new LadderCall();
    Object.assign(call, { page, peer, line: lineOf(lab.a) });
    await until('pictures both ways', async () => {
      const { ours, theirs } = await call.look();
      return ours.seen?.framesDecoded > 5 && theirs.seen?.framesDecoded > 5;
    });
    return call;
  }

  // In Mbit/s, both ways.
  setCapacity(rate) { this.line.type(`rate=${rate}`); }

  // What the line has carried and dropped of each so far: {ours, theirs}.
  async carried() {
    const [toUs, fromUs] = await told(this.line);
    return { ours: fromUs, theirs: toUs };
  }

  // Of what our peer sends and of what Chromium sends: {sent, seen} of pictures, {sound, heard} of the tone.
  async look() {
    const [{ outbound, inbound }, sent, seen, sound, heard] = await Promise.all([this.peer.stats(),
      ...[['outbound-rtp', 'video'], ['inbound-rtp', 'video'], ['outbound-rtp', 'audio'], ['inbound-rtp', 'audio']]
        .map((which) => pageStats(this.page, ...which))]);
    const of = (list, kind) => list.find((s) => s.kind === kind);
    return {
      ours: { sent: of(outbound, 'video'), seen: seen[0], sound: of(outbound, 'audio'), heard: heard[0] },
      theirs: { sent: sent[0], seen: of(inbound, 'video'), sound: sound[0], heard: of(inbound, 'audio') },
    };
  }
}
