"""Small programs for those who change this software; nothing imports them."""
