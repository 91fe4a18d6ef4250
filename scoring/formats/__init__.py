"""How scored rows are written: one module for tables of text, one for Parquet."""
