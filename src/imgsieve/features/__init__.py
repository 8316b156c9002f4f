"""Features of pictures: NumPy in, NumPy out."""
