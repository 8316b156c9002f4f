"""Training of the global descriptor that the package ships; not a part of the wheel.

See `MODEL_CARD.md` for what the net is, what it was trained on, and how well it does.
"""
