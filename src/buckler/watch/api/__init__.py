"""The interface for programs: everything that the pages can do."""
