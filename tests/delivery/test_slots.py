"""Slot markers go unchanged through all that a message goes through."""

from delivery.compose.slots import SlotMarkers


def test_markers_are_plain_unguessable_and_never_begin_one_another():
    markers, others = SlotMarkers(), SlotMarkers()
    made = [markers.new() for _ in range(120)]
    assert made == list(markers)
    assert len(markers) == 120
    assert all(marker.isascii() and marker.isalnum() for marker in made)
    assert not set(made) & {others.new() for _ in range(120)}
    assert not any(a != b and a in b for a in made for b in made)
