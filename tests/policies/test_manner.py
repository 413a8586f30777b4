import pytest

from handrail.policies.manner import Manner, manner_of


@pytest.mark.parametrize(
    ("reply", "manner"),
    [
        ("That sounds hard. Take care.", None),
        ("Wow! That is great!", Manner.BRIGHT),
        ("So good 🎉🎉", Manner.BRIGHT),
        ("One mark only! It says little.", None),
        ("Wow! Great! What next?", Manner.ASKING),
        ('He asked, "what next?"', Manner.ASKING),
        ("", None),
        ("word " * 400 + "! !", None),
    ],
)
def test_manners(reply: str, manner: Manner | None) -> None:
    """A reply that ends in a question asks; one with several exclamation marks or emoji is bright."""
    assert manner_of(reply) is manner
