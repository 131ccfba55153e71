"""Different pictures of the same face: what a phone, a dark room or a careless upload makes of it."""

from collections.abc import Callable

import cv2
import numpy as np
from embedder.pipeline import Image

ENROLLED_QUALITY = 92
CARELESS_QUALITY = 30


def jpeg(image: Image, quality: int = ENROLLED_QUALITY) -> bytes:
    """An image as JPEG."""
    done, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise ValueError("image can't be encoded")
    return data.tobytes()


def mirrored(image: Image) -> bytes:
    return jpeg(np.ascontiguousarray(image[:, ::-1]))


def darkened(image: Image) -> bytes:
    return jpeg((image * 0.45).astype(np.uint8))


def recompressed(image: Image) -> bytes:
    return jpeg(image, CARELESS_QUALITY)


def smaller(image: Image) -> bytes:
    return jpeg(np.asarray(cv2.resize(image, None, fx=0.75, fy=0.75, interpolation=cv2.INTER_AREA), np.uint8))


def tilted(image: Image) -> bytes:
    height, width = image.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), 10, 1.0)
    return jpeg(np.asarray(cv2.warpAffine(image, turn, (width, height), borderMode=cv2.BORDER_REPLICATE), np.uint8))


VARIANTS: tuple[Callable[[Image], bytes], ...] = (mirrored, darkened, recompressed, smaller, tilted)
