"""One peer made of Debian's aiortc, in a room of `tidewire serve`.

usage: aiortc_peer.py ROOM_URL ICE_SERVERS_AS_JSON [anything]

Prints one JSON object when it has seen enough of the other one's test picture and tone, or after a time; stays until SIGTERM.
With `anything`, other pictures and sounds will do.
"""
import asyncio
import json
import pathlib
import re
import sys

import websockets
from aiortc import RTCConfiguration, RTCIceServer, RTCPeerConnection

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "interop"))
import aiortc_call  # noqa: E402

DEADLINE = 30


def nominated(pc):
    """The pair in use; aiortc tells it nowhere officially."""
    ice = pc.getTransceivers()[0].receiver.transport.transport
    pair = next(iter(ice._connection._nominated.values()), None)
    if pair is None:
        return None
    return {name: {"type": candidate.type, "address": f"{candidate.host}:{candidate.port}"}
            for name, candidate in (("local", pair.local_candidate), ("remote", pair.remote_candidate))}


def enough(seen, anything):
    if anything:
        return seen.pictures >= aiortc_call.ENOUGH_PICTURES and seen.sounds >= aiortc_call.ENOUGH_SOUND
    return bool(seen.enough())


async def run(room_url, servers, anything):
    configuration = RTCConfiguration(iceServers=[RTCIceServer(**server) for server in servers])
    aiortc_call.RTCPeerConnection = lambda: RTCPeerConnection(configuration)
    address, room = re.fullmatch("(http.*)/r/(.*)", room_url).groups()
    async with websockets.connect(re.sub("^http", "ws", address) + "/ws") as socket:
        peer = aiortc_call.Peer(socket)
        await peer.say({"type": "join", "version": 1, "room": room, "name": "aiortc"})
        await peer.handle(json.loads(await socket.recv()))
        print("in the room", file=sys.stderr, flush=True)
        listening = asyncio.ensure_future(peer.listen())
        deadline = asyncio.get_event_loop().time() + DEADLINE
        while not enough(peer.seen, anything) and asyncio.get_event_loop().time() < deadline and not listening.done():
            await asyncio.sleep(0.1)
        if listening.done():
            listening.result()
        seen = peer.seen
        print(json.dumps({"enough": enough(seen, anything), "pictures": seen.pictures,
                          "test_pictures": seen.test_pictures, "tones": seen.tones, "messages": seen.messages,
                          "selected_pair": nominated(peer.pc)}), flush=True)
        await listening


if __name__ == "__main__":
    asyncio.run(run(sys.argv[1], json.loads(sys.argv[2]), "anything" in sys.argv[3:]))
