"""What of an error fits into the headers that clients take."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from esnb.embedded.services.status import fit


def in_header(text: str) -> int:
    """Bytes as gRPC sends them: printable ASCII as it is, each other byte as three characters."""
    plain = sum(" " <= character <= "~" and character != "%" for character in text)
    others = [character for character in text if not (" " <= character <= "~") or character == "%"]
    return plain + 3 * len("".join(others).encode("utf-8", "replace"))


@given(st.text(st.sampled_from("xä€𝄞%\n"), max_size=3000))
def test_a_text_of_any_length_fits(text: str) -> None:
    cut = fit(text, 2_000)
    assert in_header(cut) <= 2_000
    assert cut == text or in_header(text) > 2_000
    if cut != text:
        begun, _, ended = cut.partition("...")
        assert text.startswith(begun)
        assert text.endswith(ended)
        assert min(len(begun), len(ended)) > 60


def test_what_clients_look_for_stands_before_and_behind_the_name() -> None:
    cut = fit(f"Stream: {'ä' * 2**20}, Expected version: 7, Actual version: 0", 2_000)
    assert cut.startswith("Stream: ää")
    assert cut.endswith("ää, Expected version: 7, Actual version: 0")
