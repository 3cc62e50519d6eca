"""Tasks on whole recordings: segmentation and detection."""
