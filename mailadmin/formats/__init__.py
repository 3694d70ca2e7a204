"""How dates are written, in the same way by the server and by shell.js."""
