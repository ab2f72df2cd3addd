"""What several rules need: evidence, judgements about access, readers of headers."""
