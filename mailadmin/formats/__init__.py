"""How dates are written, where Django would write them in the American order."""
