"""The one tree of errors: each message says what failed, where, and what to do next."""


class RagkitError(Exception):
    """Anything that a user can mend; the command lines and the app show it as one plain line."""


class ConfigError(RagkitError):
    """The configuration file or an option holds a value that cannot be used."""


class CorpusError(RagkitError):
    """A source file cannot be read or holds no text."""


class QuestionError(RagkitError):
    """The question is empty, too long, or not text."""


class IndexFileError(RagkitError):
    """The index is missing, damaged, busy, or was built with another embedder."""


class ModelError(RagkitError):
    """A model file is missing or cannot be loaded."""


class PromptError(RagkitError):
    """A prompt file is missing, or its placeholders and the arguments given differ."""
