"""Pictures of a person holding an identity card, made of a photograph of each face."""

import cv2
import numpy as np
from embedder.pipeline import Image

SHEET_PX = (1280, 1024)
_CARD_SHAPE = 85.6 / 53.98  # ISO/IEC 7810 ID-1
_CARD_COLOUR = (222, 190, 150)
_PORTRAIT_BACKGROUND = (60, 50, 190)
_WALL = (196, 204, 208)


def card(portrait: Image, *, width: int) -> Image:
    """A pale blue card of lines of text, with a portrait at the right, as KTPs have it."""
    height = round(width / _CARD_SHAPE)
    image = np.full((height, width, 3), _CARD_COLOUR, np.uint8)
    for line in range(8):
        y = round(height * (0.2 + 0.09 * line))
        cv2.line(image, (round(width * 0.05), y), (round(width * (0.4 + 0.15 * (line % 3 == 0))), y), (60, 50, 40), 1)
    tall, wide = round(height * 0.5), round(width * 0.24)
    photo = np.full((tall, wide, 3), _PORTRAIT_BACKGROUND, np.uint8)
    scale = min(tall / portrait.shape[0], wide / portrait.shape[1])
    small = cv2.resize(portrait, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    left, top = (wide - small.shape[1]) // 2, tall - small.shape[0]
    photo[top : top + small.shape[0], left : left + small.shape[1]] = small
    y, x = round(height * 0.2), round(width * 0.7)
    image[y : y + tall, x : x + wide] = photo
    return image


def holding(person: Image, *cards: Image) -> Image:
    """The person in the upper half of a photograph, the cards side by side under them."""
    height, width = SHEET_PX
    sheet = np.full((height, width, 3), _WALL, np.uint8)
    factor = 0.62 * height / person.shape[0]
    large = cv2.resize(person, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)[:, :width]
    left = (width - large.shape[1]) // 2
    sheet[: large.shape[0], left : left + large.shape[1]] = large
    at = 20
    for each in cards:
        top = height - each.shape[0] - 30
        sheet[top : top + each.shape[0], at : at + each.shape[1]] = each
        at += each.shape[1] + 30
    return sheet
