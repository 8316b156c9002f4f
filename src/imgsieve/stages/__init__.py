"""The five stages: Arrow or NumPy in, Arrow or NumPy out. They know neither stores nor each other."""
