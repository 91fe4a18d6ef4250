"""Files of reviews in, the same rows with their sentiment out: many reviews, in parts that survive any stop.

python -m scoring reviews.csv.gz --text-column body -o scored.parquet
"""
