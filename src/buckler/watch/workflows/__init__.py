"""What the engine runs: plain functions, which know no engine."""
