"""Ground floor: settings, errors, limits, clocks and ids. Imports nothing of ours."""
