"""What a person should know about a projection before editing with it, in plain words. Needs no torch."""

SMALL = 100  # pixels of the photo's aligned square, about 2.5 times as wide as the face
TURNED = 40.0  # degrees
POOR = 17.0  # dB
FAR = 1.5  # standard deviations


def warnings(
    psnr: float,
    same_person: bool | None,
    deviation: float,
    side: float | None = None,
    yaw: float | None = None,
) -> tuple[str, ...]:
    """psnr: dB at 256 px; side: of the face's aligned square in the photo, pixels; yaw: degrees. Unknown ones: None."""
    found = []
    if side is not None and side < SMALL:
        found.append(f"the face is small: its square has {side:.0f} px in the photo; what it lacks is guessed")
    if yaw is not None and abs(yaw) > TURNED:
        found.append(f"the face is turned by {abs(yaw):.0f} degrees: the model knows few profiles")
    if same_person is False:
        found.append("the projection does not look like the same person: edits may change who it is")
    if not psnr >= POOR:
        found.append(f"the projection is rough ({psnr:.1f} dB): something covers the face, or it is no usual photo")
    if deviation > FAR:
        found.append(f"the projection is far from the faces the model knows ({deviation:.1f} σ): edits may look odd")
    return tuple(found)
