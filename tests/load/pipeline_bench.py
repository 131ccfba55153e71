"""The bare model pipeline: all that the embedder computes of an image, in a loop, without any platform around it."""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from embedder.decode import decode
from embedder.pipeline import Pack, Templates, main_face
from embedder.quality import quality


def template_of(pack: Pack, image: bytes) -> Templates:
    """The template of the image's largest face, shape (1, dimension). Raises ValueError where there is none."""
    picture = decode(image, field="image").pixels
    face = main_face(pack.detect(picture), picture)
    portrait = pack.portrait(picture, face)
    pack.wears_mask(portrait)
    quality(portrait, face.landmarks, pack.layout, face_px=face.size)
    return pack.recognise([pack.align(picture, face)])


def rate(pack: Pack, images: Sequence[bytes], *, threads: int, total: int) -> float:
    """Faces per second of `threads` loops side by side, each with its own replica of the pack."""
    turns = iter(range(total))

    def loop(replica: Pack) -> None:
        for turn in turns:
            template_of(replica, images[turn % len(images)])

    replicas = [pack.replica() for _ in range(threads)]
    with ThreadPoolExecutor(threads) as pool:
        started = time.perf_counter()
        for done in [pool.submit(loop, replica) for replica in replicas]:
            done.result()
    return total / (time.perf_counter() - started)


def latency_ms(pack: Pack, images: Sequence[bytes], *, total: int) -> list[float]:
    """Milliseconds of each of `total` images, one after the other."""
    spent = []
    for turn in range(total):
        started = time.perf_counter()
        template_of(pack, images[turn % len(images)])
        spent.append((time.perf_counter() - started) * 1000)
    return spent
