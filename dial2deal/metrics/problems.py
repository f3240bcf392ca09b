"""What can be wrong with a question; the text is for who asks it."""


class MetricError(ValueError):
    """A question that cannot be answered as asked; the message says what to ask instead."""
