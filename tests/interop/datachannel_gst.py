"""What datachannel_peer.mjs does, with GStreamer's webrtcbin (usrsctp): commands on standard input, events on standard output.

webrtcbin's signals come in its threads; each is handed to the main one, so that all happens in one order."""
import hashlib
import json
import sys
import threading

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstSdp", "1.0")
gi.require_version("GstWebRTC", "1.0")
from gi.repository import GLib, Gst, GstSdp, GstWebRTC  # noqa: E402

from datachannel_content import content  # noqa: E402

NAMES = {"ordered": "ordered", "maxRetransmits": "max-retransmits", "maxPacketLifeTime": "max-packet-lifetime",
         "protocol": "protocol", "negotiated": "negotiated", "id": "id"}
TYPES = {"offer": GstWebRTC.WebRTCSDPType.OFFER, "answer": GstWebRTC.WebRTCSDPType.ANSWER}


def emit(event, **rest):
    print(json.dumps({"event": event, **rest}), flush=True)


def later(function, *arguments):
    """In the main thread, after what was asked for before."""
    def once():
        function(*arguments)
        return GLib.SOURCE_REMOVE
    GLib.idle_add(once, priority=GLib.PRIORITY_DEFAULT)


def is_churn(channel):
    return channel.get_property("label").startswith("churn")


class Peer:
    def __init__(self):
        self.pipeline = Gst.Pipeline.new()
        self.connection = Gst.ElementFactory.make("webrtcbin")
        self.connection.set_property("bundle-policy", GstWebRTC.WebRTCBundlePolicy.MAX_BUNDLE)
        self.pipeline.add(self.connection)
        self.channels = {}
        self.churning = set()
        self.kept = []
        self.mid = "0"
        self.opened = self.closed = self.left = self.unfinished = self.linger = 0
        self.connection.connect("on-ice-candidate", lambda _, line, candidate: later(
            lambda: emit("candidate", candidate=candidate, sdpMid=self.mid, sdpMLineIndex=line)))
        # A channel of its own may be open before create-data-channel has returned.
        self.connection.connect("prepare-data-channel", lambda _, channel, own: own and self.adopt_own(channel))
        self.connection.connect("on-data-channel", lambda _, channel: self.adopt_announced(channel))
        self.connection.connect("notify::connection-state", lambda *_: later(self.tell_state))
        self.pipeline.set_state(Gst.State.PLAYING)

    def tell_state(self):
        emit("state", state=self.connection.get_property("connection-state").value_nick)

    def ask(self, signal, *arguments):
        promise = Gst.Promise.new()
        self.connection.emit(signal, *arguments, promise)
        promise.wait()
        reply = promise.get_reply()
        self.kept += [promise, reply]  # they own what is taken out of them
        if reply and reply.has_field("error"):
            raise RuntimeError(reply.get_value("error").message)
        return reply

    # Both are called where the signal comes, so that nothing is missed.

    def adopt_own(self, channel):
        if not is_churn(channel):
            channel.connect("on-open", lambda _: later(self.tell_open, channel, "open"))
            return self.listen(channel)
        self.churning.add(channel)
        channel.connect("on-open", lambda _: GLib.timeout_add(self.linger, lambda: channel.close()))
        channel.connect("on-close", lambda _: later(self.churned, channel))

    def adopt_announced(self, channel):
        if not is_churn(channel):
            later(self.tell_open, channel, "channel")
            return self.listen(channel)
        self.churning.add(channel)
        self.opened += 1
        channel.connect("on-close", lambda _: later(self.count_closed, channel))

    def listen(self, channel):
        label = channel.get_property("label")
        self.channels[label] = channel

        def message(data, text):
            emit("message", label=label, text=text, size=len(data), sha256=hashlib.sha256(data).hexdigest())

        channel.connect("on-message-string", lambda _, text: later(message, (text or "").encode(), True))
        channel.connect("on-message-data", lambda _, data: later(message, data.get_data() if data else b"", False))
        channel.connect("on-close", lambda _: later(lambda: emit("closed", label=label)))
        channel.connect("on-error", lambda _, error: later(lambda: emit("error", name="on-error", message=error.message)))

    def tell_open(self, channel, event):
        values = {key: channel.get_property(name) for key, name in NAMES.items()}
        for key in ("maxRetransmits", "maxPacketLifeTime"):
            values[key] = None if values[key] < 0 else values[key]
        emit(event, label=channel.get_property("label"), **{**values, "protocol": values["protocol"] or ""})

    def count_closed(self, channel):
        self.closed += 1
        self.churning.discard(channel)

    def create(self, label, init):
        options = Gst.Structure.new_empty("options")
        for key, value in init.items():
            options.set_value(NAMES[key], value)
        if self.connection.emit("create-data-channel", label, options) is None:
            raise RuntimeError(f"no channel {label}")

    def describe(self, kind):
        description = self.ask(f"create-{kind}", None).get_value(kind)
        sdp = description.sdp.as_text()
        self.mid = next((line[6:] for line in sdp.splitlines() if line.startswith("a=mid:")), "0")
        self.ask("set-local-description", description)
        emit("description", type=kind, sdp=sdp)

    def offer(self):
        self.describe("offer")

    def description(self, type, sdp):
        _, parsed = GstSdp.SDPMessage.new_from_text(sdp)
        self.ask("set-remote-description", GstWebRTC.WebRTCSessionDescription.new(TYPES[type], parsed))
        if type == "offer":
            self.describe("answer")

    def candidate(self, candidate, sdpMid, sdpMLineIndex):
        if candidate:
            self.connection.emit("add-ice-candidate", sdpMLineIndex, candidate)

    def send(self, label, sizes, seed, text=False, close=False):
        channel = self.channels[label]
        for number, size in enumerate(sizes):
            data = content(size, seed + number, text)
            if text:
                channel.send_string_full(data)
            else:
                channel.send_data_full(GLib.Bytes.new(data))
        if close:
            channel.close()

    def close(self, label):
        self.channels[label].close()

    def churn(self, count, at_once, linger):
        self.left = self.unfinished = count
        self.linger = linger
        for _ in range(at_once):
            self.churn_one()

    def churn_one(self):
        if self.left > 0:
            self.left -= 1
            self.create(f"churn {self.left}", {})

    def churned(self, channel):
        self.churning.discard(channel)
        self.unfinished -= 1
        if self.unfinished == 0:
            emit("churned")
        self.churn_one()

    def count(self):
        emit("count", opened=self.opened, closed=self.closed)

    def handle(self, command):
        try:
            getattr(self, command.pop("do"))(**command)
        except Exception as error:  # the test that asked for it says whether it was to be
            emit("error", name=type(error).__name__, message=str(error))


def main():
    Gst.init(None)
    loop = GLib.MainLoop()
    peer = Peer()

    def read():
        for line in sys.stdin:
            later(peer.handle, json.loads(line))
        later(loop.quit)

    threading.Thread(target=read, daemon=True).start()
    loop.run()
    peer.pipeline.set_state(Gst.State.NULL)


if __name__ == "__main__":
    main()
