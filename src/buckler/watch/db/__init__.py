"""What is kept: one file for each aggregate, SQLAlchemy Core, SQLite or PostgreSQL."""
