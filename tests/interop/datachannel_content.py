"""What the messages of the peers hold; the same in datachannel_peer.mjs."""


def make_block():
    x, block = 1, bytearray()
    for _ in range(65521):
        x = (x * 1103515245 + 12345) & 0x7FFFFFFF
        block.append(x >> 16 & 255)
    return bytes(block)


BLOCK = make_block()
LETTERS = bytes(97 + byte % 26 for byte in range(256))


def content(size, seed, text):
    start = seed * 7919 % len(BLOCK)
    message = (BLOCK * (2 + size // len(BLOCK)))[start:start + size]
    if not text:
        return message
    message = message.translate(LETTERS)
    special = "é€😀".encode()
    return (special + message[len(special):] if size >= 16 else message).decode()
