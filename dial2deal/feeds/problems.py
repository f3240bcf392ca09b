"""What can be wrong with a profile; the text is for the person who writes it."""


class ProfileError(ValueError):
    """A profile is wrong; the message names file, entry and what to do."""
