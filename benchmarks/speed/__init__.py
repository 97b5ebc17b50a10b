"""Side by side: ours, the same endpoints hand-written on the raw driver, and the style of the tutorials."""
