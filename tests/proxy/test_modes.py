import pytest

from handrail.proxy.modes import Route, mode_of

ROUTES = (
    Route(path="/v1/chat/*", mode="shadow"),
    Route(path="/v1/*", mode="off"),
    Route(path="/Slash/chat/completions/", mode="off"),
    Route(path="/exact/chat/completions", mode="off"),
)


@pytest.mark.parametrize(
    ("path", "mode"),
    [
        ("/v1/chat/completions", "shadow"),
        ("/V1//Chat/./completions", "shadow"),
        ("/v1/messages", "off"),
        ("/v1/../api/chat", "enforce"),
        ("/v1/..;x=1/api/chat", "enforce"),
        ("/api/v1/chat/completions", "enforce"),
        ("/exact/chat/completions", "off"),
        ("/exact/chat/completions/more", "enforce"),
        ("/slash/chat/completions", "off"),
        ("/", "enforce"),
    ],
)
def test_the_first_route_counts(path: str, mode: str) -> None:
    """The first route that matches gives the mode, and no spelling of a path slips into another's."""
    assert mode_of(path, ROUTES, "enforce") == mode
