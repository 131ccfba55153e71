"""How good a picture of a face is: measured for every face, decided upon by nobody here."""

from typing import Annotated

from pydantic import Field

from wajah.contracts.types import Contract

Degrees = Annotated[float, Field(ge=-180, le=180)]
Share = Annotated[float, Field(ge=0, le=1)]


class Quality(Contract):
    """The size, pose, sharpness and light of a face."""

    face_px: Annotated[float, Field(ge=0)]
    """Height of the face, brow to chin, in pixels of the image as it was sent."""
    yaw_deg: Degrees
    """0 looks straight ahead, positive to the picture's right."""
    pitch_deg: Degrees
    """Positive looks up."""
    roll_deg: Degrees
    """Positive is tilted clockwise."""
    blur: Share
    """0 is sharp, 1 nothing but blur (Crete et al., 2007)."""
    too_dark: Share
    """Share of the face's pixels with a brightness of at most 25 of 255 (ISO/IEC 29794-5, under-exposure)."""
    too_bright: Share
    """Share of the face's pixels with a brightness of at least 247 of 255 (ISO/IEC 29794-5, over-exposure)."""
