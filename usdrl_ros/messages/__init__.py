"""Messages: classes by name, sizes checked before bytes are deserialised, point clouds."""
