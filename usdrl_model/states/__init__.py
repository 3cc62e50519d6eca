"""States of people by geometry: posture, raised arms, pointing with its ray, facing, near; no training."""
