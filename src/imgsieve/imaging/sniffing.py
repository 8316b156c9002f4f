"""Tells formats by the first bytes of a file."""

from __future__ import annotations

from pathlib import PurePosixPath

from imgsieve.imaging.boxes import brands

__all__ = ["format_of", "has_picture_name", "looks_like_image"]

_MAGIC = (
    (b"\xff\xd8\xff", "jpeg"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"II*\0", "tiff"),
    (b"MM\0*", "tiff"),
    (b"II+\0", "tiff"),
    (b"MM\0+", "tiff"),
    (b"BM", "bmp"),
    (b"\xff\x0a", "jxl"),
    (b"\0\0\0\x0cJXL \r\n\x87\n", "jxl"),
)
_HEIF = frozenset(b"heic heix heim heis hevc hevx hevm hevs mif1 mif2 msf1 miaf".split())
_AVIF = frozenset({b"avif", b"avis"})

_OTHER_PICTURES = (
    b"\0\0\1\0", b"\0\0\2\0", b"8BPS", b"\xff\x4f\xff\x51", b"\0\0\0\x0cjP  \r\n\x87\n", b"qoif",
    b"\x01\xda", b"\x59\xa6\x6a\x95", b"DDS ", b"icns", b"/* XPM */", b"#define", b"\xb1\x68\xde\x3a",
    b"\x0a\x05", b"\x0a\x03",
)  # fmt: skip
_NO_PICTURES = (
    b"PK\3\4", b"PK\5\6", b"%PDF", b"%!PS", b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"7z\xbc\xaf", b"Rar!",
    b"\x28\xb5\x2f\xfd", b"\x7fELF", b"MZ", b"\x1aE\xdf\xa3", b"OggS", b"ID3", b"fLaC", b"FLV\1",
    b"\0\0\1\xba", b"\0\0\1\xb3", b"PAR1", b"SQLite format 3", b"<!DOCTYPE", b"<!doctype", b"<html",
    b"<HTML", b"<?xml", b"<svg", b"{\\rtf", b"\xd0\xcf\x11\xe0", b"\x89HDF", b"\x93NUMPY", b"wOFF",
    b"ARROW1", b"\xca\xfe\xba\xbe", b"\x30\x26\xb2\x75", b"#!",
)  # fmt: skip
_NO_PICTURE_RIFF = frozenset({b"AVI ", b"WAVE", b"RMID", b"ACON"})

_PICTURE_WORDS = """
    .jpg .jpeg .jpe .jfif .jif .mpo .png .apng .webp .gif .bmp .dib .tif .tiff .ppm .pgm .pbm .pnm
    .pfm .heic .heif .hif .heics .heifs .avif .avifs .jxl .ico .cur .psd .jp2 .j2k .j2c .jpc .jpf .jpx
    .qoi .sgi .rgb .rgba .bw .tga .icb .vda .vst .dds .pcx .dcx .xbm .xpm .ras .msp .icns
"""
_OTHER_WORDS = """
    .txt .md .rst .csv .tsv .json .jsonl .ndjson .xml .html .htm .css .js .py .sh .yaml .yml .toml
    .ini .log .sql .mp4 .m4v .mov .avi .mkv .webm .wmv .flv .mpg .mpeg .3gp .ts .mp3 .wav .flac .ogg
    .m4a .aac .wma .aac .zip .tar .gz .tgz .bz2 .xz .zst .7z .rar .pdf .doc .docx .xls .xlsx .ppt
    .pptx .odt .epub .svg .parquet .arrow .feather .npy .npz .h5 .hdf5 .pt .pth .onnx .safetensors
    .bin .exe .dll .so .dylib .db .sqlite .eps .ps .ai .wmf .emf .ds_store .ttf .otf .woff .woff2 .aae
    .xmp .lock .tmp .bak
"""
_PICTURE_NAMES, _OTHER_NAMES = frozenset(_PICTURE_WORDS.split()), frozenset(_OTHER_WORDS.split())


def format_of(data: bytes) -> str | None:
    """Return the format that the first bytes show, or None for the rarer formats that only Pillow can tell.

    Parameters
    ----------
    data
        A file, or its first 64 bytes or more.
    """
    for magic, name in _MAGIC:
        if data.startswith(magic):
            return name
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "webp"
    if data[4:8] == b"ftyp":
        found = brands(data)
        return "avif" if found & _AVIF else "heif" if found & _HEIF else None
    if data[:1] == b"P" and data[1:2] in b"123456fFy" and data[2:3] in b" \t\r\n" and len(data) > 2:
        return "ppm"
    return None


def has_picture_name(name: str) -> bool:
    """Return whether the ending of a file's name is one of pictures."""
    return PurePosixPath(name).suffix.lower() in _PICTURE_NAMES


def looks_like_image(first_bytes: bytes, name: str) -> bool:
    """Tell cheaply whether a file may be a picture, so that a video or an archive is not read whole.

    In doubt the answer is yes. Content decides before the name does.

    Parameters
    ----------
    first_bytes
        Up to the first 64 bytes of the file.
    name
        The file's name or path.
    """
    suffix = PurePosixPath(name.replace("\\", "/")).suffix.lower()
    if format_of(first_bytes) is not None or first_bytes.startswith(_OTHER_PICTURES):
        return True
    if not first_bytes or _is_something_else(first_bytes):
        return not first_bytes and suffix not in _OTHER_NAMES
    if suffix in _PICTURE_NAMES:
        return True
    return suffix not in _OTHER_NAMES and not _is_text(first_bytes)


def _is_something_else(first_bytes: bytes) -> bool:
    if first_bytes[4:8] in (b"ftyp", b"moov", b"mdat", b"wide"):
        return True  # a film: pictures of this family were recognized before
    if first_bytes[:4] == b"RIFF" and first_bytes[8:12] in _NO_PICTURE_RIFF:
        return True
    return first_bytes.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(_NO_PICTURES)


def _is_text(first_bytes: bytes) -> bool:
    return all(byte >= 32 or byte in b"\t\n\r\f" for byte in first_bytes) and b"\x7f" not in first_bytes
