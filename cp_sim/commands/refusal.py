"""What a command answers when it cannot do what it was asked for."""


class Refusal(Exception):
    """What was asked for cannot be done; the message is one sentence for the person who asked."""
