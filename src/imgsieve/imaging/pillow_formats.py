"""All other formats, through those of Pillow's readers that decode by themselves.

Left out are readers that start other programs or lean on the host (EPS, WMF), that are no pictures (MPEG,
HDF5, GRIB, BUFR, FITS), and that cannot tell their format by its first bytes.
"""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    CurImagePlugin,
    DcxImagePlugin,
    DdsImagePlugin,
    GifImagePlugin,
    IcnsImagePlugin,
    IcoImagePlugin,
    Image,
    Jpeg2KImagePlugin,
    MspImagePlugin,
    PcxImagePlugin,
    PngImagePlugin,
    PpmImagePlugin,
    PsdImagePlugin,
    QoiImagePlugin,
    SgiImagePlugin,
    SunImagePlugin,
    TgaImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
    XbmImagePlugin,
    XpmImagePlugin,
)

from imgsieve.errors import DecodeError
from imgsieve.imaging.failures import codec_errors

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

__all__ = ["open_picture"]

_BY_MAGIC: dict[str, type[ImageFile]] = {
    "avif": AvifImagePlugin.AvifImageFile,
    "bmp": BmpImagePlugin.BmpImageFile,
    "gif": GifImagePlugin.GifImageFile,
    "png": PngImagePlugin.PngImageFile,
    "ppm": PpmImagePlugin.PpmImageFile,
    "tiff": TiffImagePlugin.TiffImageFile,
    "webp": WebPImagePlugin.WebPImageFile,
}
# In the order in which they are tried; TGA, which has no magic number, is the last.
_BY_TRYING: tuple[type[ImageFile], ...] = (
    IcoImagePlugin.IcoImageFile,
    CurImagePlugin.CurImageFile,
    PsdImagePlugin.PsdImageFile,
    Jpeg2KImagePlugin.Jpeg2KImageFile,
    QoiImagePlugin.QoiImageFile,
    SgiImagePlugin.SgiImageFile,
    SunImagePlugin.SunImageFile,
    DdsImagePlugin.DdsImageFile,
    IcnsImagePlugin.IcnsImageFile,
    DcxImagePlugin.DcxImageFile,
    PcxImagePlugin.PcxImageFile,
    MspImagePlugin.MspImageFile,
    XbmImagePlugin.XbmImageFile,
    XpmImagePlugin.XpmImageFile,
    TgaImagePlugin.TgaImageFile,
)


def open_picture(data: bytes, known: str | None) -> tuple[ImageFile, str]:
    """Read the header of a picture; no pixel is allocated.

    Pillow's readers are called directly and not through `Image.open`, whose limit on pixels belongs to the
    whole process.

    Parameters
    ----------
    data
        The file.
    known
        Its format where the first bytes tell it, otherwise None.

    Returns
    -------
    image, format
        The opened file and the name of its format.

    Raises
    ------
    DecodeError
        ``not-an-image`` if no reader recognizes the file, otherwise as the reader complains.
    """
    if known is not None:
        with codec_errors(known, data):
            return _BY_MAGIC[known](BytesIO(data)), known
    first: DecodeError | None = None
    for reader in _BY_TRYING:
        name = str(reader.format)
        if not _accepts(name, data):
            continue
        try:
            with codec_errors(name.lower(), data):
                return reader(BytesIO(data)), name.lower()
        except DecodeError as error:
            first = first or (None if reader is TgaImagePlugin.TgaImageFile else error)
    raise first or DecodeError("not-an-image", "the content is of no known picture format")


def _accepts(name: str, data: bytes) -> bool:
    accept = Image.OPEN[name][1]
    return accept is None or accept(data[:16]) is True
