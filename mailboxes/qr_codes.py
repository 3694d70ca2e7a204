"""QR codes as pictures that stand in a page itself, as the CSP demands."""

from qrcode.image.svg import SvgPathImage
from qrcode.main import QRCode


def qr_svg(text: str) -> str:
    """Return an <svg> without an XML declaration."""
    code = QRCode(image_factory=SvgPathImage, border=4)
    code.add_data(text)
    return str(code.make_image().to_string(encoding="unicode"))
