"""A face in an image: its aligned square, landmarks, masks, labels."""
