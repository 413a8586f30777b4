"""Live: the guard in force, which a new policy replaces whole."""

from dataclasses import replace

from handrail.policies.decide import Decider
from handrail.proxy.guard import Guard


class Live:
    """Holds the guard in force. A request takes it once, when it begins, and keeps it to its end.

    So whatever happens to the policy meanwhile, one policy decides on the whole of a reply.
    """

    def __init__(self, guard: Guard) -> None:
        self.guard = guard

    def put(self, decider: Decider) -> None:
        """Let requests that begin from now on be decided on by another policy."""
        self.guard = replace(self.guard, decider=decider)
