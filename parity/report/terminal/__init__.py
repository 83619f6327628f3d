"""One scenario played again before one's eyes: what happened, in order, lane by lane."""
