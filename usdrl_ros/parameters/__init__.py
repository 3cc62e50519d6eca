"""Parameters: declared once, read, checked, documented, offered as launch arguments."""
