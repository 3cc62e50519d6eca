"""Publishers: state, events, watch topics, markers, detections."""
