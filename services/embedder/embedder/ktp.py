"""Finds the two faces of a picture that shows a person beside their identity card (KTP).

The largest face is the person. Of the others the next largest is the portrait on the card: whether it really is a card is
not looked at.
"""

from typing import NamedTuple

from wajah.contracts.errors import Code, WajahError

from embedder.pipeline import Box, DetectedFace, Image, Pack

_SAME_FACE = 0.3  # of the smaller box: two faces that overlap more are one


class PersonAndCard(NamedTuple):
    person: DetectedFace
    card: DetectedFace
    faces: int
    """How many were found where the second one was."""


def person_and_card(pack: Pack, image: Image) -> PersonAndCard:
    """Looks closer and closer until a second face is found: the card's portrait is some 50 pixels high.

    Raises WajahError 412 where there is no face, or one.
    """
    faces = pack.detect(image)
    if not faces:
        raise WajahError(Code.FACE_NOT_DETECTED)
    for closer in pack.closer_looks(image) if len(faces) == 1 else ():
        faces += [face for face in closer if not any(_same(face, known) for known in faces)]
        if len(faces) > 1:
            break
    if len(faces) == 1:
        raise WajahError(Code.FACE_NOT_DETECTED, "Face not detected: one face found, the card's is missing")
    person, card, *_ = sorted(faces, key=lambda face: face.box.area, reverse=True)
    return PersonAndCard(person, card, len(faces))


def _same(face: DetectedFace, other: DetectedFace) -> bool:
    a, b = face.box, other.box
    width, height = min(a.right, b.right) - max(a.left, b.left), min(a.bottom, b.bottom) - max(a.top, b.top)
    shared = Box(0, 0, width, height).area if width > 0 and height > 0 else 0.0
    return shared > _SAME_FACE * min(a.area, b.area)
