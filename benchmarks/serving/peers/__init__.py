"""Other model servers with the same trees, run by the interpreter of `.venv/peers`; they import nothing of TekUp."""
