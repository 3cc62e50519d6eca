"""What errors say: values of others quoted safely, the nearest known name, the library to install."""
