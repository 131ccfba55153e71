"""Many different pictures of a few real people, out of photographs that installed packages bring along."""

from collections.abc import Iterator

import cv2
import numpy as np
from embedder.registry import open_pack
from standalone.photographs import astronaut, group
from standalone.variants import jpeg
from wajah.settings import Settings


def pictures(count: int) -> Iterator[bytes]:
    """`count` JPEGs, no two alike: each person again and again, turned and lit a little differently."""
    pack = open_pack("dlib", Settings().data, lambda _what, _done: None)
    people = [person.image for person in (*group(pack.detect), astronaut(pack.detect))]
    for number in range(count):
        image = people[number % len(people)]
        height, width = image.shape[:2]
        step = number // len(people)
        turn = cv2.getRotationMatrix2D((width / 2, height / 2), 0.4 * step - 6, 1.0 + 0.002 * step)
        turned = cv2.warpAffine(image, turn, (width, height), borderMode=cv2.BORDER_REPLICATE)
        yield jpeg((turned * (1 - 0.008 * step)).astype(np.uint8))
