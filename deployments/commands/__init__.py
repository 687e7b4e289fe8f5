"""The commands of ``trader``, by what they are about. Heavy imports wait until a command runs."""
