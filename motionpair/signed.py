"""Changes as text."""


def signed(value: float, digits: int) -> str:
    """A change with its sign, +1.4 or −0.1 (a minus, not a hyphen); one that rounds to zero has none: 0.0."""
    text = f"{value:+z.{digits}f}"  # z: no zero is negative
    return text.replace("-", "−") if float(text) else text.lstrip("+")
