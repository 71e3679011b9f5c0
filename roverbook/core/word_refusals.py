"""Refusals of what agents say. Their codes are upper-case, as those of the runtime.

RoverError
├── AgentUnknown       nothing tells this agent apart from others
├── NotesNotShared     the site's owner lets agents share no notes
├── QuestionNotFound   the site asks no such question
├── PostNotFound       no such post on this site's board
├── NoteNotFound       no such note on this site, or it is another's
├── OwnWords           a vote on what the voter itself shared
└── TooManyWords       the agent, the visit or the site has said its share
"""

from workspace.core.errors import ErrorKind, RoverError


class AgentUnknown(RoverError):
    code = "AGENT_UNKNOWN"
    kind = ErrorKind.FORBIDDEN


class NotesNotShared(RoverError):
    """`data`: sharedAccess."""

    code = "NOTES_NOT_SHARED"
    kind = ErrorKind.FORBIDDEN


class QuestionNotFound(RoverError):
    """`data`: question, at most its first 60 characters."""

    code = "QUESTION_NOT_FOUND"
    kind = ErrorKind.NOT_FOUND


class PostNotFound(RoverError):
    code = "POST_NOT_FOUND"
    kind = ErrorKind.NOT_FOUND


class NoteNotFound(RoverError):
    code = "NOTE_NOT_FOUND"
    kind = ErrorKind.NOT_FOUND


class OwnWords(RoverError):
    code = "OWN_WORDS"
    kind = ErrorKind.FORBIDDEN


class TooManyWords(RoverError):
    """`data`: limit, the name of the one that was met, and maximum."""

    code = "TOO_MANY_WORDS"
    kind = ErrorKind.RATE_LIMITED
