"""The nouns that scan, guard and watch share. Standard library only; imports nothing else of ours."""
