"""Tasks on trimmed clips: recognition, retrieval, transfer, few labels, prediction."""
