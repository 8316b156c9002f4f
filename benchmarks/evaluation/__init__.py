"""Pictures with known copies, made for measuring; scores of runs over them; thresholds against what was measured."""
