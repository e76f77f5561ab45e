"""The stills child: decodes footage into JPEGs, one question after the other, for the library that started it.

A process of its own, because a damaged file may crash a codec or make it hang; the library ends it after a while.
"""

import socket
import sys
from collections.abc import Sequence
from typing import BinaryIO

from common.child import begin_child
from common.codec import H264Decoder, JpegDecoder, Picture, picture_jpeg
from common.errors import CodecError
from services.library.still_wire import LENGTHS, Question, decode_question, encode_answer, lengths


def main(arguments: Sequence[str]) -> None:
    begin_child(arguments)
    with socket.socket(fileno=0) as peer, peer.makefile("rb") as questions:
        # A word as soon as it can work: until then Python and the codecs were being loaded.
        peer.sendall(encode_answer(b""))
        while head := questions.read(LENGTHS.size):
            peer.sendall(answer(_read_question(head, questions)))


def _read_question(head: bytes, questions: BinaryIO) -> Question:
    header_bytes, payload_bytes = lengths(head)
    return decode_question(questions.read(header_bytes), questions.read(payload_bytes))


def answer(question: Question) -> bytes:
    """Return the answer to a question: the JPEG, or what the codec had against it."""
    try:
        return encode_answer(picture_jpeg(_decode(question), question.height, question.quality))
    except CodecError as error:
        return encode_answer(b"", f"this footage cannot be decoded: {error}")


def _decode(question: Question) -> Picture:
    *earlier, wanted = question.samples
    if not question.avcc:
        return JpegDecoder().decode(wanted)
    decoder = H264Decoder(question.avcc)
    for sample in earlier:
        decoder.decode(sample)
    return decoder.decode(wanted)


if __name__ == "__main__":
    main(sys.argv[1:])
