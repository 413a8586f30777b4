"""First: a process that loads the model, assesses once, and says what memory that took. For the bench."""

from pathlib import Path

from handrail.classifiers.assessor import Assessor
from handrail.classifiers.exchange import Conversation, Exchange

_REPLY = "It sounds as if a lot is happening at once, and I wonder how you are sleeping these days. " * 11


def peak_memory() -> int:
    """Peak resident memory of this process in MB; not of the one that started it, as getrusage would say."""
    status = Path("/proc/self/status").read_text()
    (line,) = [line for line in status.splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) // 1024


def main() -> None:
    """Load, assess, print the memory."""
    said = Conversation.of([("user", "I haven't slept since Tuesday and I feel better than ever.")])
    Assessor.load().assess([Exchange(said, _REPLY)])
    print(peak_memory())  # noqa: T201
