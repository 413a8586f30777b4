from handrail.proxy.review.sampling import drawn


def test_about_the_share_is_drawn_and_always_the_same() -> None:
    """Of ten thousand ids a tenth is drawn; none for 0, all for 1; whoever is drawn stays so as it grows."""
    names = [f"ex_{number}.0" for number in range(10_000)]
    tenth = {name for name in names if drawn(name, 0.1)}
    assert 900 < len(tenth) < 1100
    assert tenth <= {name for name in names if drawn(name, 0.2)}
    assert not any(drawn(name, 0) for name in names)
    assert all(drawn(name, 1) for name in names)
