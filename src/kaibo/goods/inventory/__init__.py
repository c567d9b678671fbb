"""Stock: held for unpaid orders, sold, put back, adjusted; never below nothing."""
