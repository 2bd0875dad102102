"""Previews: sub-generators that meet the frame budget, and what renders with them."""
