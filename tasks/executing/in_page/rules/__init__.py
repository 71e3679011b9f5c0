"""The step decider without a model: it understands a wish, and does and says only what the page bears out."""
