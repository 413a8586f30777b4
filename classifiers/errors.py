"""The error tree of handrail, drawn once. Foreign errors are translated into these at one seam each.

HandrailError
  ModelError      the model's files are missing, altered or not what the manifest says: the start stops
  CorpusError     a corpus row breaks the format: the file and line are named
  PolicyError     a policy, text or resource file is wrong: the file, line and field are named
  SettingsError   a setting is wrong: the setting and the mend are named
  RequestError    a client sent what can't be taken: answered in its dialect, mostly with status 400
  UpstreamError   the chatbot could not be reached, or answered what can't be read
  SessionError    a session could not be kept: it goes on from the history that the client sends
  JournalError    a flagged exchange could not be made durable, or what is kept can't be read
    SealedError   it is sealed with a key that is not at hand, or was altered
  StoreError      what replicas share can't be reached; each goes on alone
  ReviewError     a step of a review is not open to who asks for it: another has the case, or it is done

No message of any of these contains a person's words, so all of them may be logged.
"""


class HandrailError(Exception):
    """Anything handrail raises on purpose."""


class ModelError(HandrailError):
    """The model's files are missing, altered or not what the manifest says."""


class CorpusError(HandrailError):
    """A corpus row breaks the format."""


class PolicyError(HandrailError):
    """A policy, text or resource file is wrong."""


class SettingsError(HandrailError):
    """A setting is wrong."""


class RequestError(HandrailError):
    """A client sent what can't be taken.

    `field` is the path of the wrong field in the request, or None where the whole of it is wrong; `status`
    the HTTP status to answer with, `code` a stable word for what is wrong.
    """

    def __init__(
        self, message: str, field: str | None = None, status: int = 400, code: str = "invalid_request"
    ) -> None:
        super().__init__(message)
        self.field = field
        self.status = status
        self.code = code


class UpstreamError(HandrailError):
    """The chatbot could not be reached, or answered what can't be read.

    `status` is the HTTP status to answer with, `code` a stable word for what happened, `retry_after` the
    seconds after which to ask again, where that is known.
    """

    def __init__(self, message: str, status: int, code: str, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.retry_after = retry_after


class SessionError(HandrailError):
    """A session could not be kept."""


class JournalError(HandrailError):
    """A flagged exchange could not be made durable, or what is kept can't be read."""


class SealedError(JournalError):
    """What is kept is sealed with a key that is not at hand, or was altered."""


class StoreError(HandrailError):
    """What replicas share can't be reached."""


class ReviewError(HandrailError):
    """A step of a review is not open to who asks for it."""
